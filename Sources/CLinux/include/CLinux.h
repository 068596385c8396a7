// What Swift's Glibc module does not show of Linux: see each declaration.
#ifndef PARLEY_CLINUX_H
#define PARLEY_CLINUX_H
#endif
