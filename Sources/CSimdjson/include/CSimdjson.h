// simdjson behind a C interface.
#ifndef PARLEY_CSIMDJSON_H
#define PARLEY_CSIMDJSON_H
#endif
