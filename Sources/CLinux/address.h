// Between parley_address and the kernel's sockaddr.
#ifndef PARLEY_ADDRESS_H
#define PARLEY_ADDRESS_H

#include "CLinux.h"
#include <sys/socket.h>

socklen_t parley_to_sockaddr(const parley_address *from, struct sockaddr_storage *to);
void parley_from_sockaddr(const struct sockaddr_storage *from, parley_address *to);
void parley_bound_address(int fd, parley_address *bound);

#endif
