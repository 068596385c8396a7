// A weak reference to libFuzzer: the program links with it and without it.
#include "CFuzzer.h"

extern int LLVMFuzzerRunDriver(int *, char ***, int (*)(const uint8_t *, size_t))
    __attribute__((weak));

int fuzzer_run(int argc, char **argv, int (*one)(const uint8_t *, size_t)) {
  if (!LLVMFuzzerRunDriver) return -1;
  return LLVMFuzzerRunDriver(&argc, &argv, one);
}
