// UDP sockets: datagrams in batches, each with the local address it came to.
#include "address.h"
#include <endian.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int enable(int fd, int level, int option) {
  int one = 1;
  return setsockopt(fd, level, option, &one, sizeof one);
}

// RFC 8656 §14: DF is copied from what came in, or 0. The kernel sets it unless told otherwise.
static int clear_df(int fd) {
  int mode = IP_PMTUDISC_DONT;
  return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode);
}

// PROBE sets DF and lets the network, not this host's memory of it, say what is too long. OMIT sets
// none, as DONT does, but the answer to an earlier datagram with DF is still reported; in IPv6,
// where only the sender cuts, that is WANT.
void parley_set_df(int fd, int family, int on) {
  int v4 = on ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT;
  int v6 = on ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_WANT;
  if (family == 4)
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
  else
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
}

int parley_udp_open(const parley_address *local, int reuse_port, int packet_info,
                    parley_address *bound) {
  int v4 = local->family == 4;
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct sockaddr_storage address;
  socklen_t length = parley_to_sockaddr(local, &address);
  if ((!v4 && enable(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0) ||
      (reuse_port && enable(fd, SOL_SOCKET, SO_REUSEPORT) < 0) ||
      (packet_info && enable(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
                             v4 ? IP_PKTINFO : IPV6_RECVPKTINFO) < 0) ||
      (v4 && clear_df(fd) < 0) || bind(fd, (struct sockaddr *)&address, length) < 0) {
    int failure = errno;
    close(fd);
    return -failure;
  }
  *bound = *local;
  if (!local->port) parley_bound_address(fd, bound);
  return fd;
}

int parley_udp_connect(int fd, const parley_address *target) {
  struct sockaddr_storage address;
  socklen_t length = parley_to_sockaddr(target, &address);
  return connect(fd, (struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

int64_t parley_socket_drops(int fd) {
  uint32_t figures[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof figures;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &length) < 0) return -errno;
  return figures[SK_MEMINFO_DROPS];
}

void parley_set_buffers(int fd, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void set_source(struct msghdr *header, char *control, const parley_address *source) {
  header->msg_control = control;
  struct cmsghdr *c = (struct cmsghdr *)control;
  if (source->family == 4) {
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htobe32((uint32_t)source->low)};
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    header->msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_ifindex = source->scope};
    uint64_t words[2] = {htobe64(source->high), htobe64(source->low)};
    memcpy(&info.ipi6_addr, words, sizeof words);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    header->msg_controllen = CMSG_SPACE(sizeof info);
  }
}

int parley_send(int fd, const uint8_t *bytes, size_t length, const parley_address *target,
                const parley_address *source) {
  struct sockaddr_storage address;
  struct iovec vector = {(void *)bytes, length};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
  struct msghdr header = {.msg_name = &address,
                          .msg_namelen = parley_to_sockaddr(target, &address),
                          .msg_iov = &vector,
                          .msg_iovlen = 1};
  if (source && source->family) set_source(&header, control, source);
  ssize_t sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  // As above: the error may be that of another datagram.
  if (sent < 0 && errno != EAGAIN) sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : (int)sent;
}
