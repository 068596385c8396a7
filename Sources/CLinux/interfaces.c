// The addresses of this host.
#include "address.h"
#include <errno.h>
#include <ifaddrs.h>

int parley_local_addresses(parley_address *addresses, int count) {
  struct ifaddrs *all;
  int found = 0;
  if (getifaddrs(&all) < 0) return -errno;
  for (struct ifaddrs *one = all; one; one = one->ifa_next) {
    if (!one->ifa_addr) continue;
    int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    if (found < count)
      parley_from_sockaddr((const struct sockaddr_storage *)one->ifa_addr, &addresses[found]);
    found++;
  }
  freeifaddrs(all);
  return found;
}
