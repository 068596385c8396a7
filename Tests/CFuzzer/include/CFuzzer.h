// libFuzzer's driver, where the program was linked with it.
#ifndef CFUZZER_H
#define CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer over `one` with the arguments of `main`; −1 at once in a program without it.
int fuzzer_run(int argc, char **argv, int (*one)(const uint8_t *, size_t));

#endif
