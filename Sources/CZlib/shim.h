// The deflate library of the system.
#include <zlib.h>
