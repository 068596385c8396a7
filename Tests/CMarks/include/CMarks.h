// A place in the course of a program that a profiler can be told of by name.
#ifndef PARLEY_CMARKS_H
#define PARLEY_CMARKS_H

/// Does nothing; callgrind writes down what was counted until here (--dump-before=parley_mark).
void parley_mark(void);

#endif
