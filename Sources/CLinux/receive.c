// Receive slots: what sockets have, datagram or train, with the address it came from and to.
#include "address.h"
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/// One slot begins this much further into a cache set than the one before: the beginnings of all
/// would share a few lines of the cache otherwise.
#define STAGGER 320

typedef struct {
  _Alignas(struct cmsghdr) char
      bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
} control_room;

struct parley_slots {
  size_t stride;
  uint8_t *storage;
  struct mmsghdr *headers;
  struct iovec *vectors;
  struct sockaddr_in6 *names;
  control_room *controls;
};

static void make_ready(struct msghdr *header) {
  header->msg_namelen = sizeof(struct sockaddr_in6);
  header->msg_controllen = sizeof(control_room);
}

parley_slots *parley_slots_new(int count, uint32_t bytes) {
  parley_slots *slots = calloc(1, sizeof *slots);
  if (!slots) return NULL;
  slots->stride = bytes + STAGGER;
  slots->storage = calloc(count, slots->stride);
  slots->headers = calloc(count, sizeof *slots->headers);
  slots->vectors = calloc(count, sizeof *slots->vectors);
  slots->names = calloc(count, sizeof *slots->names);
  slots->controls = calloc(count, sizeof *slots->controls);
  if (!slots->storage || !slots->headers || !slots->vectors || !slots->names || !slots->controls) {
    parley_slots_free(slots);
    return NULL;
  }
  for (int i = 0; i < count; i++) {
    struct msghdr *header = &slots->headers[i].msg_hdr;
    slots->vectors[i] = (struct iovec){parley_slot_bytes(slots, i), bytes};
    header->msg_name = &slots->names[i];
    header->msg_iov = &slots->vectors[i];
    header->msg_iovlen = 1;
    header->msg_control = slots->controls[i].bytes;
    make_ready(header);
  }
  return slots;
}

void parley_slots_free(parley_slots *slots) {
  free(slots->storage);
  free(slots->headers);
  free(slots->vectors);
  free(slots->names);
  free(slots->controls);
  free(slots);
}

uint8_t *parley_slot_bytes(const parley_slots *slots, int index) {
  return slots->storage + (size_t)index * slots->stride;
}

int parley_accept_trains(int fd) {
  int one = 1;
  return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) < 0 ? -errno : 0;
}

static void read_control(struct msghdr *header, parley_datagram *datagram) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
      int size;
      memcpy(&size, CMSG_DATA(c), sizeof size);
      datagram->segment = size;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      datagram->destination = (parley_address){.family = 4, .low = be32toh(info.ipi_addr.s_addr)};
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      uint64_t words[2];
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(words, &info.ipi6_addr, sizeof words);
      datagram->destination =
          (parley_address){.family = 6, .high = be64toh(words[0]), .low = be64toh(words[1])};
      if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) datagram->destination.scope = info.ipi6_ifindex;
    }
  }
}

static int take(int fd, struct mmsghdr *headers, int count) {
  if (count > 1) return recvmmsg(fd, headers, count, MSG_DONTWAIT, NULL);
  ssize_t length = recvmsg(fd, &headers->msg_hdr, MSG_DONTWAIT);
  headers->msg_len = (unsigned)length;
  return length < 0 ? -1 : 1;
}

int parley_receive(parley_slots *slots, int fd, int first, int count, parley_datagram *datagrams) {
  struct mmsghdr *headers = slots->headers + first;
  int received = take(fd, headers, count);
  // An ICMP error about something sent earlier fails one call, and only one.
  if (received < 0 && errno != EAGAIN) received = take(fd, headers, count);
  if (received < 0) return -errno;
  for (int i = 0; i < received; i++) {
    struct msghdr *header = &headers[i].msg_hdr;
    parley_datagram *datagram = &datagrams[i];
    datagram->bytes = slots->vectors[first + i].iov_base;
    datagram->length = headers[i].msg_len;
    datagram->truncated = (header->msg_flags & MSG_TRUNC) != 0;
    datagram->segment = 0;
    datagram->destination.family = 0;
    parley_from_sockaddr(header->msg_name, &datagram->source);
    if (header->msg_controllen > 0) read_control(header, datagram);
    make_ready(header);
  }
  return received;
}
