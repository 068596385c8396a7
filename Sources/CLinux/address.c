// Between parley_address and the kernel's sockaddr.
#include "address.h"
#include <endian.h>
#include <netinet/in.h>
#include <string.h>

socklen_t parley_to_sockaddr(const parley_address *from, struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  if (from->family == 4) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)to;
    v4->sin_family = AF_INET;
    v4->sin_port = htobe16(from->port);
    v4->sin_addr.s_addr = htobe32((uint32_t)from->low);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
  uint64_t words[2] = {htobe64(from->high), htobe64(from->low)};
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htobe16(from->port);
  v6->sin6_scope_id = from->scope;
  memcpy(&v6->sin6_addr, words, sizeof words);
  return sizeof *v6;
}

void parley_from_sockaddr(const struct sockaddr_storage *from, parley_address *to) {
  memset(to, 0, sizeof *to);
  if (from->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    to->family = 4;
    to->port = be16toh(v4->sin_port);
    to->low = be32toh(v4->sin_addr.s_addr);
  } else if (from->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    uint64_t words[2];
    memcpy(words, &v6->sin6_addr, sizeof words);
    to->family = 6;
    to->port = be16toh(v6->sin6_port);
    to->scope = v6->sin6_scope_id;
    to->high = be64toh(words[0]);
    to->low = be64toh(words[1]);
  }
}

void parley_bound_address(int fd, parley_address *bound) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  memset(&storage, 0, sizeof storage);
  getsockname(fd, (struct sockaddr *)&storage, &length);
  parley_from_sockaddr(&storage, bound);
}
