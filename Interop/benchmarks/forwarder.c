// What forwarding datagrams costs at least: a relay without TURN, to hold a real one against.
//
//     forwarder plain|gro PORT
//
// It listens at 127.0.0.1:PORT. The first datagram of a client is the IPv4 address and port of its
// peer, in six bytes; the answer is those of a socket opened for it. From then on what comes from
// the client leaves that socket for the peer, and what comes there goes to the client, unchanged.
// `plain` takes and sends one datagram at a time; `gro` takes and sends trains of them (UDP_GRO,
// UDP_SEGMENT).
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
  HELLO_BYTES = 6,
  FLOWS_MAX = 1 << 16,
  READS_MAX = 64,
  EVENTS_MAX = 128,
  SOCKET_BYTES = 4 << 20,
  DATAGRAM_MAX = 65536,
};

typedef struct {
  struct sockaddr_in client;
  struct sockaddr_in peer;
  int fd;
} flow;

static flow *flows[FLOWS_MAX];
static int listener;
static int epoll;
static int takes_trains;
static char buffer[DATAGRAM_MAX];

static void need(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static int open_socket(uint16_t port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  need(fd >= 0, "socket");
  struct sockaddr_in local = {.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  need(bind(fd, (struct sockaddr *)&local, sizeof local) == 0, "bind");
  int bytes = SOCKET_BYTES, one = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (takes_trains) need(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0, "UDP_GRO");
  return fd;
}

static void watch(int fd, flow *owner) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = owner};
  need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

// The place of a client: its own, or the free one where it would be.
static flow **place(const struct sockaddr_in *client) {
  uint64_t key = (uint64_t)client->sin_addr.s_addr << 16 | client->sin_port;
  uint32_t index = (uint32_t)(key * 0x9E3779B97F4A7C15u >> 48);
  for (;; index = (index + 1) % FLOWS_MAX) {
    flow *found = flows[index];
    if (!found || (found->client.sin_port == client->sin_port &&
                   found->client.sin_addr.s_addr == client->sin_addr.s_addr))
      return &flows[index];
  }
}

// A client's first datagram, or that again because the answer was lost.
static void greet(flow **slot, const struct sockaddr_in *client, const char *hello) {
  if (!*slot) {
    flow *made = calloc(1, sizeof *made);
    need(made != NULL, "calloc");
    made->client = *client;
    made->peer.sin_family = AF_INET;
    memcpy(&made->peer.sin_addr, hello, 4);
    memcpy(&made->peer.sin_port, hello + 4, 2);
    made->fd = open_socket(0);
    watch(made->fd, made);
    *slot = made;
  }
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  need(getsockname((*slot)->fd, (struct sockaddr *)&local, &length) == 0, "getsockname");
  char answer[HELLO_BYTES];
  memcpy(answer, &local.sin_addr, 4);
  memcpy(answer + 4, &local.sin_port, 2);
  sendto(listener, answer, sizeof answer, 0, (const struct sockaddr *)client, sizeof *client);
}

// Takes one datagram, or one train of datagrams of `segment` bytes.
static ssize_t take(int fd, struct sockaddr_in *from, uint16_t *segment) {
  socklen_t length = sizeof *from;
  if (!takes_trains)
    return recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT, (struct sockaddr *)from, &length);
  struct iovec vector = {buffer, sizeof buffer};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct msghdr header = {.msg_name = from,
                          .msg_namelen = sizeof *from,
                          .msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  ssize_t received = recvmsg(fd, &header, MSG_DONTWAIT);
  struct cmsghdr *c = received > 0 ? CMSG_FIRSTHDR(&header) : NULL;
  int size = 0;
  if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
    memcpy(&size, CMSG_DATA(c), sizeof size);
  *segment = (uint16_t)size;
  return received;
}

static void pass(int fd, const struct sockaddr_in *to, size_t bytes, uint16_t segment) {
  if (segment == 0 || bytes <= segment) {
    sendto(fd, buffer, bytes, MSG_DONTWAIT, (const struct sockaddr *)to, sizeof *to);
    return;
  }
  struct iovec vector = {buffer, bytes};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof segment)] = {0};
  struct msghdr header = {.msg_name = (void *)to,
                          .msg_namelen = sizeof *to,
                          .msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = IPPROTO_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof segment);
  memcpy(CMSG_DATA(c), &segment, sizeof segment);
  sendmsg(fd, &header, MSG_DONTWAIT);
}

static void serve_clients(void) {
  for (int i = 0; i < READS_MAX; i++) {
    struct sockaddr_in from;
    uint16_t segment = 0;
    ssize_t bytes = take(listener, &from, &segment);
    if (bytes < 0) return;
    flow **slot = place(&from);
    if (bytes == HELLO_BYTES)
      greet(slot, &from, buffer);
    else if (*slot)
      pass((*slot)->fd, &(*slot)->peer, (size_t)bytes, segment);
  }
}

static void serve_peer(flow *owner) {
  for (int i = 0; i < READS_MAX; i++) {
    struct sockaddr_in from;
    uint16_t segment = 0;
    ssize_t bytes = take(owner->fd, &from, &segment);
    if (bytes < 0) return;
    pass(listener, &owner->client, (size_t)bytes, segment);
  }
}

int main(int count, char **words) {
  takes_trains = count == 3 && strcmp(words[1], "gro") == 0;
  if (count != 3 || (!takes_trains && strcmp(words[1], "plain") != 0)) {
    fprintf(stderr, "usage: forwarder plain|gro PORT\n");
    return 64;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  epoll = epoll_create1(0);
  need(epoll >= 0, "epoll_create1");
  listener = open_socket((uint16_t)atoi(words[2]));
  watch(listener, NULL);
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < ready; i++)
      if (events[i].data.ptr)
        serve_peer(events[i].data.ptr);
      else
        serve_clients();
  }
}
