// Between parley_address and the kernel's sockaddr.
#ifndef PARLEY_ADDRESS_H
#define PARLEY_ADDRESS_H

#include "CLinux.h"
#include <sys/socket.h>

/// `to` has room for a sockaddr_in6.
socklen_t parley_to_sockaddr(const parley_address *from, void *to);
/// `from` is any sockaddr; of another family than those two, `to` gets family 0.
void parley_from_sockaddr(const void *from, parley_address *to);
void parley_bound_address(int fd, parley_address *bound);

#endif
