// An address as plain numbers.
#ifndef PARLEY_ADDRESS_TYPE_H
#define PARLEY_ADDRESS_TYPE_H

#include <stddef.h>
#include <stdint.h>

/// A transport address as numbers in host order. family: 4, 6, or 0 for none.
typedef struct {
  uint64_t high;
  uint64_t low;
  uint32_t scope;
  uint16_t port;
  uint8_t family;
} parley_address;

#endif
