// Between parley_address and the kernel's sockaddr.
#include "address.h"
#include <endian.h>
#include <netinet/in.h>
#include <string.h>

socklen_t parley_to_sockaddr(const parley_address *from, void *to) {
  if (from->family == 4) {
    struct sockaddr_in *v4 = to;
    *v4 = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_port = htobe16(from->port),
                               .sin_addr.s_addr = htobe32((uint32_t)from->low)};
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = to;
  uint64_t words[2] = {htobe64(from->high), htobe64(from->low)};
  *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                              .sin6_port = htobe16(from->port),
                              .sin6_scope_id = from->scope};
  memcpy(&v6->sin6_addr, words, sizeof words);
  return sizeof *v6;
}

void parley_from_sockaddr(const void *from, parley_address *to) {
  const struct sockaddr_in *v4 = from;
  if (v4->sin_family == AF_INET) {
    *to = (parley_address){
        .low = be32toh(v4->sin_addr.s_addr), .port = be16toh(v4->sin_port), .family = 4};
  } else if (v4->sin_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = from;
    uint64_t words[2];
    memcpy(words, &v6->sin6_addr, sizeof words);
    *to = (parley_address){.high = be64toh(words[0]),
                           .low = be64toh(words[1]),
                           .scope = v6->sin6_scope_id,
                           .port = be16toh(v6->sin6_port),
                           .family = 6};
  } else {
    to->family = 0;
  }
}

void parley_bound_address(int fd, parley_address *bound) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  storage.ss_family = AF_UNSPEC;
  getsockname(fd, (struct sockaddr *)&storage, &length);
  parley_from_sockaddr(&storage, bound);
}
