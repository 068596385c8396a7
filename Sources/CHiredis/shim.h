// hiredis, the C client of Redis, and the text of its last error, which is an array in a struct.
#include <sys/time.h>

#include <hiredis/hiredis.h>

static inline const char *parley_redis_error(const redisContext *context) {
  return context->errstr;
}
