// What routers and hosts say about the datagrams of a UDP socket.
#include "address.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>

int parley_report_errors(int fd, int family) {
  int one = 1;
  int result = family == 4 ? setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one)
                           : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof one);
  return result < 0 ? -errno : 0;
}

static int is_report(const struct cmsghdr *c) {
  return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
         (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

int parley_receive_error(int fd, parley_icmp_error *error) {
  struct sockaddr_storage target;
  // The kernel adds the address of who complains.
  _Alignas(struct cmsghdr) char
      control[CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))];
  struct msghdr header = {.msg_name = &target,
                          .msg_namelen = sizeof target,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  memset(&target, 0, sizeof target);
  memset(error, 0, sizeof *error);
  if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return -errno;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    struct sock_extended_err report;
    if (!is_report(c)) continue;
    memcpy(&report, CMSG_DATA(c), sizeof report);
    if (report.ee_origin != SO_EE_ORIGIN_ICMP && report.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
    parley_from_sockaddr(&target, &error->target);
    error->type = report.ee_type;
    error->code = report.ee_code;
    error->mtu = report.ee_info;
  }
  return 0;
}
