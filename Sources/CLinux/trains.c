// Trains of datagrams: what a network card with offloads would hand in and take.
#include "address.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define SLOT_BYTES 65536

typedef struct {
  _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
} control_room;

struct parley_trains {
  int slots;
  uint8_t *storage;
  struct mmsghdr *headers;
  struct iovec *vectors;
  control_room *controls;
};

parley_trains *parley_trains_new(int slots) {
  parley_trains *trains = calloc(1, sizeof *trains);
  if (!trains) abort();
  trains->slots = slots;
  trains->storage = calloc(slots, SLOT_BYTES);
  trains->headers = calloc(slots, sizeof *trains->headers);
  trains->vectors = calloc(slots, sizeof *trains->vectors);
  trains->controls = calloc(slots, sizeof *trains->controls);
  if (!trains->storage || !trains->headers || !trains->vectors || !trains->controls) abort();
  for (int i = 0; i < slots; i++) {
    trains->vectors[i] = (struct iovec){trains->storage + (size_t)i * SLOT_BYTES, SLOT_BYTES};
    trains->headers[i].msg_hdr = (struct msghdr){.msg_iov = &trains->vectors[i],
                                                 .msg_iovlen = 1,
                                                 .msg_control = trains->controls[i].bytes,
                                                 .msg_controllen = sizeof(control_room)};
  }
  return trains;
}

void parley_trains_free(parley_trains *trains) {
  free(trains->storage);
  free(trains->headers);
  free(trains->vectors);
  free(trains->controls);
  free(trains);
}

int parley_trains_accept(int fd) {
  int one = 1;
  return setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) < 0 ? -errno : 0;
}

int parley_trains_receive(parley_trains *trains, int fd) {
  int received = recvmmsg(fd, trains->headers, trains->slots, MSG_DONTWAIT, NULL);
  // An ICMP error about something sent earlier fails one call, and only one.
  if (received < 0 && errno != EAGAIN)
    received = recvmmsg(fd, trains->headers, trains->slots, MSG_DONTWAIT, NULL);
  return received < 0 ? -errno : received;
}

const uint8_t *parley_trains_slot(const parley_trains *trains, int index, uint32_t *length,
                                  uint32_t *segment) {
  struct mmsghdr *message = &trains->headers[index];
  struct cmsghdr *c = CMSG_FIRSTHDR(&message->msg_hdr);
  int size = 0;
  if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
    memcpy(&size, CMSG_DATA(c), sizeof size);
  message->msg_hdr.msg_controllen = sizeof(control_room);
  *length = message->msg_len;
  *segment = size > 0 ? (uint32_t)size : message->msg_len;
  return trains->vectors[index].iov_base;
}

int parley_train_send(int fd, const uint8_t *bytes, size_t length, size_t segment,
                      const parley_address *target) {
  struct sockaddr_storage address;
  struct iovec vector = {(void *)bytes, length};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
  if (target) {
    header.msg_name = &address;
    header.msg_namelen = parley_to_sockaddr(target, &address);
  }
  if (length > segment) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t size = (uint16_t)segment;
    memcpy(CMSG_DATA(c), &size, sizeof size);
  }
  ssize_t sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  // As above: the error may be that of another datagram.
  if (sent < 0 && errno == ECONNREFUSED) sent = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : 0;
}

int parley_train_send_each(int fd, const uint8_t *bytes, size_t length, size_t segment,
                           const parley_address *target) {
  struct sockaddr_storage address;
  socklen_t address_length = target ? parley_to_sockaddr(target, &address) : 0;
  struct mmsghdr headers[PARLEY_TRAIN_MAX] = {0};
  struct iovec vectors[PARLEY_TRAIN_MAX];
  int count = 0;
  for (size_t start = 0; start < length && count < PARLEY_TRAIN_MAX; start += segment, count++) {
    size_t rest = length - start;
    vectors[count] = (struct iovec){(void *)(bytes + start), rest < segment ? rest : segment};
    headers[count].msg_hdr.msg_iov = &vectors[count];
    headers[count].msg_hdr.msg_iovlen = 1;
    headers[count].msg_hdr.msg_name = target ? &address : NULL;
    headers[count].msg_hdr.msg_namelen = address_length;
  }
  int sent = sendmmsg(fd, headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == ECONNREFUSED)
    sent = sendmmsg(fd, headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}
