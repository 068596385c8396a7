// The mark, kept from being optimized away.
#include "CMarks.h"

__attribute__((noinline)) void parley_mark(void) { __asm__ volatile(""); }
