// Trains: datagrams of one sender, equal in length but for the last, that cross the kernel as one
// (UDP_SEGMENT, UDP_GRO). Who sent them is not told: the payload says.
#ifndef PARLEY_TRAINS_H
#define PARLEY_TRAINS_H

#include <stddef.h>
#include <stdint.h>

#include "address_type.h"

/// The most datagrams of one train that every kernel takes (UDP_MAX_SEGMENTS).
#define PARLEY_TRAIN_MAX 64
/// The most bytes of one train: the largest UDP payload over IPv4.
#define PARLEY_TRAIN_BYTES_MAX 65507

/// Buffers and headers for receiving, set up once.
typedef struct parley_trains parley_trains;

/// Room for `slots` trains at a time.
parley_trains *parley_trains_new(int slots);
void parley_trains_free(parley_trains *trains);
/// Has the kernel hand trains over whole.
int parley_trains_accept(int fd);
/// Takes what waits; returns how many trains, at most the slots.
int parley_trains_receive(parley_trains *trains, int fd);
/// What slot `index` holds, and in how many bytes; `segment` gets the length of each datagram but
/// the last.
const uint8_t *parley_trains_slot(const parley_trains *trains, int index, uint32_t *length,
                                  uint32_t *segment);

/// Sends `length` bytes as datagrams of `segment` bytes, in one call that the kernel cuts up, to
/// `target`, or, where that is NULL, to whom the socket is connected to. Returns 0.
int parley_train_send(int fd, const uint8_t *bytes, size_t length, size_t segment,
                      const parley_address *target);
/// The same as single datagrams, at most PARLEY_TRAIN_MAX; returns how many have left.
int parley_train_send_each(int fd, const uint8_t *bytes, size_t length, size_t segment,
                           const parley_address *target);

#endif
