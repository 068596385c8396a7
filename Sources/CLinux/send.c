// A sender that collects datagrams into runs: those of one size from one socket to one place leave
// in one piece (UDP_SEGMENT), and runs of one socket in one call.
#include "address.h"
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define RUNS_MAX 64
/// What kernels before 6.9 take in one piece, and the longest datagram of IPv4.
#define SEGMENTS_MAX 64
#define BYTES_MAX 65507
/// Header, payload and padding of each of a run, or of fewer if they need more.
#define VECTORS_MAX (2 * SEGMENTS_MAX)
#define VECTORS_PER_FRAME_MAX 3
/// Bytes of a datagram that are copied behind its header.
#define COPIED_MAX 256
#define BUCKETS 128
#define NO_RUN 0xff

typedef struct {
  parley_route route;
  /// Of each datagram but the last.
  uint32_t size;
  uint32_t bytes;
  uint16_t count;
  uint16_t vectors;
  /// Whether another may follow.
  uint8_t is_open;
} run;

typedef struct {
  _Alignas(struct cmsghdr) char
      bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
} control_room;

struct parley_sender {
  int count;
  int failures;
  uint32_t kept;
  int segments_max;
  int refusal;
  /// The newest run of each place to send to, as far as they do not collide.
  uint8_t newest[BUCKETS];
  run runs[RUNS_MAX];
  struct mmsghdr headers[RUNS_MAX];
  struct sockaddr_in6 names[RUNS_MAX];
  control_room controls[RUNS_MAX];
  /// The runs' vectors do not all begin in the same few sets of the cache.
  struct iovec vectors[RUNS_MAX][VECTORS_MAX + 4];
  parley_failure failed[RUNS_MAX];
  uint8_t memory[PARLEY_KEPT_MAX];
};

static const uint8_t zeros[4];

/// A kernel that does not know UDP_SEGMENT would send a run as one long datagram.
static int kernel_segments(void) {
  int size = 0;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  int result = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
  close(fd);
  return result == 0;
}

parley_sender *parley_sender_new(void) {
  parley_sender *sender = calloc(1, sizeof *sender);
  if (!sender) return NULL;
  sender->segments_max = kernel_segments() ? SEGMENTS_MAX : 1;
  memset(sender->newest, NO_RUN, sizeof sender->newest);
  for (int i = 0; i < RUNS_MAX; i++) {
    struct msghdr *header = &sender->headers[i].msg_hdr;
    header->msg_name = &sender->names[i];
    header->msg_iov = sender->vectors[i];
    header->msg_control = sender->controls[i].bytes;
  }
  return sender;
}

void parley_sender_free(parley_sender *sender) { free(sender); }

int parley_sender_segments(const parley_sender *sender) { return sender->segments_max > 1; }

void parley_sender_refuse(parley_sender *sender, int error) { sender->refusal = error; }

// MARK: Collecting

static int same_address(const parley_address *a, const parley_address *b) {
  return a->low == b->low && a->port == b->port && a->high == b->high && a->family == b->family &&
         a->scope == b->scope;
}

static int same_route(const parley_route *a, const parley_route *b) {
  return a->fd == b->fd && a->owner == b->owner && a->kind == b->kind &&
         a->uncounted == b->uncounted && same_address(&a->target, &b->target) &&
         a->source.family == b->source.family &&
         (a->source.family == 0 || same_address(&a->source, &b->source));
}

/// What goes from one socket to one place meets in one bucket, so that the newest run there is the
/// one that keeps their order, or that of somebody else.
static uint8_t *bucket(parley_sender *sender, const parley_route *route) {
  uint64_t key = route->target.low ^ (uint64_t)route->target.port << 40 ^ (uint64_t)route->fd << 17;
  return &sender->newest[key * 0x9e3779b97f4a7c15u >> 57];
}

static size_t put_source(char *control, const parley_address *source) {
  struct cmsghdr *c = (struct cmsghdr *)control;
  if (source->family == 4) {
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htobe32((uint32_t)source->low)};
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  struct in6_pktinfo info = {.ipi6_ifindex = source->scope};
  uint64_t words[2] = {htobe64(source->high), htobe64(source->low)};
  memcpy(&info.ipi6_addr, words, sizeof words);
  c->cmsg_level = IPPROTO_IPV6;
  c->cmsg_type = IPV6_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(c), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

static run *begin(parley_sender *sender, const parley_route *route, uint32_t size) {
  if (sender->count == RUNS_MAX) return NULL;
  int index = sender->count++;
  run *new = &sender->runs[index];
  struct msghdr *header = &sender->headers[index].msg_hdr;
  *new = (run){.route = *route, .size = size, .is_open = 1};
  header->msg_namelen = parley_to_sockaddr(&route->target, &sender->names[index]);
  header->msg_controllen =
      route->source.family ? put_source(sender->controls[index].bytes, &route->source) : 0;
  *bucket(sender, route) = (uint8_t)index;
  return new;
}

/// The run that the next datagram of this size joins, or NULL.
static run *joined(parley_sender *sender, const parley_route *route, uint32_t size) {
  uint8_t index = *bucket(sender, route);
  if (index == NO_RUN) return NULL;
  run *newest = &sender->runs[index];
  int fits = newest->is_open && size > 0 && size <= newest->size &&
             newest->count < sender->segments_max && newest->bytes + size <= BYTES_MAX &&
             newest->vectors + VECTORS_PER_FRAME_MAX <= VECTORS_MAX;
  return fits && same_route(&newest->route, route) ? newest : NULL;
}

static uint32_t at_most(uint32_t a, uint32_t b) { return a < b ? a : b; }

/// Puts as many of the frames behind the others as there may be.
static uint32_t append(parley_sender *sender, run *to, const parley_frames *frames, uint32_t size) {
  uint32_t count = at_most(frames->count, sender->segments_max - to->count);
  if (size > 0) count = at_most(count, (BYTES_MAX - to->bytes) / size);
  // Behind a shorter one, or an empty one, there is nothing.
  if (size < to->size || size == 0) count = 1;
  uint32_t each = (frames->header_length > 0) + (frames->length > 0) + (frames->padding > 0);
  if (each > 0) count = at_most(count, (VECTORS_MAX - to->vectors) / each);
  // What is too long even by itself the kernel is to refuse.
  if (count == 0) count = 1;
  struct iovec *vector = sender->vectors[to - sender->runs] + to->vectors;
  const uint8_t *payload = frames->payload;
  for (uint32_t i = 0; i < count; i++, payload += frames->stride) {
    if (frames->header_length > 0)
      *vector++ = (struct iovec){(void *)frames->header, frames->header_length};
    if (frames->length > 0) *vector++ = (struct iovec){(void *)payload, frames->length};
    if (frames->padding > 0) *vector++ = (struct iovec){(void *)zeros, frames->padding};
  }
  to->count += count;
  to->bytes += count * size;
  to->vectors += count * each;
  to->is_open = size == to->size && size > 0;
  return count;
}

/// Copies what has to stay: the header, and behind it the payload where that costs less than a
/// vector more.
static int keep(parley_sender *sender, parley_frames *frames, uint32_t size) {
  int is_small = frames->count == 1 && size <= COPIED_MAX;
  uint32_t length = is_small ? size : frames->header_length;
  if (length > PARLEY_KEPT_MAX - sender->kept) return 0;
  uint8_t *copy = sender->memory + sender->kept;
  sender->kept += length;
  memcpy(copy, frames->header, frames->header_length);
  frames->header = copy;
  if (!is_small) return 1;
  if (frames->length > 0) memcpy(copy + frames->header_length, frames->payload, frames->length);
  memset(copy + frames->header_length + frames->length, 0, frames->padding);
  frames->header_length = size;
  frames->length = frames->padding = 0;
  return 1;
}

uint32_t parley_sender_add(parley_sender *sender, const parley_route *route,
                           const parley_frames *frames) {
  uint32_t size = frames->header_length + frames->length + frames->padding;
  parley_frames rest = *frames;
  if (rest.header_length > 0 && !keep(sender, &rest, size)) return 0;
  while (rest.count > 0) {
    run *to = joined(sender, route, size);
    if (!to) to = begin(sender, route, size);
    if (!to) break;
    uint32_t added = append(sender, to, &rest, size);
    rest.count -= added;
    rest.payload += (size_t)added * rest.stride;
  }
  return frames->count - rest.count;
}

// MARK: Sending

static void fail(parley_sender *sender, const run *run, uint32_t packets, uint32_t bytes) {
  // The datagrams of a run may fail one by one: they have one entry.
  int count = sender->failures;
  parley_failure *last = &sender->failed[count > 0 ? count - 1 : 0];
  if (count == 0 || last->owner != run->route.owner || last->kind != run->route.kind) {
    last = &sender->failed[sender->failures++];
    *last = (parley_failure){.owner = run->route.owner, .kind = run->route.kind};
  }
  last->packets += packets;
  last->bytes += bytes - packets * run->route.uncounted;
}

static int transmit(int fd, struct mmsghdr *messages, int count) {
  int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const struct msghdr *one = &messages->msg_hdr;
  if (count == 1 && one->msg_iovlen == 1 && one->msg_controllen == 0) {
    ssize_t sent = sendto(fd, one->msg_iov->iov_base, one->msg_iov->iov_len, flags, one->msg_name,
                          one->msg_namelen);
    return sent < 0 ? -1 : 1;
  }
  if (count == 1) return sendmsg(fd, one, flags) < 0 ? -1 : 1;
  return sendmmsg(fd, messages, count, flags);
}

/// How many were sent; -1 and errno when the first was not.
static int transmit_surely(int fd, struct mmsghdr *messages, int count) {
  int sent = transmit(fd, messages, count);
  // A report about an earlier datagram fails one call, and only one.
  return sent < 0 && errno != EAGAIN ? transmit(fd, messages, count) : sent;
}

/// Sends the datagrams of a run each by itself. Returns 0, or EAGAIN when no more are taken.
static int send_each(parley_sender *sender, int index) {
  run *run = &sender->runs[index];
  struct msghdr *whole = &sender->headers[index].msg_hdr;
  struct iovec *vector = whole->msg_iov;
  uint32_t left = run->bytes;
  for (int i = 0; i < run->count; i++) {
    uint32_t size = at_most(left, run->size);
    struct mmsghdr one = {.msg_hdr = *whole};
    one.msg_hdr.msg_iov = vector;
    one.msg_hdr.msg_iovlen = 0;
    for (uint32_t bytes = 0; bytes < size; vector++, one.msg_hdr.msg_iovlen++)
      bytes += vector->iov_len;
    left -= size;
    if (transmit_surely(run->route.fd, &one, 1) == 1) continue;
    if (errno == EAGAIN) {
      fail(sender, run, run->count - i, left + size);
      return EAGAIN;
    }
    fail(sender, run, 1, size);
  }
  return 0;
}

/// Whether a run may be refused for being one, and its datagrams taken. EIO is for ever: the device
/// lets no checksum be computed later.
static int refuses_runs(parley_sender *sender, int error) {
  if (error == EIO) {
    sender->segments_max = 1;
    sender->refusal = EIO;
  }
  return error == EIO || error == EINVAL || error == EMSGSIZE;
}

/// Sends the runs from `from` up to `to`, which are of one socket. Returns how many, or -1 and
/// errno when the first was not sent.
static int send_some(parley_sender *sender, int from, int to) {
  int is_run = sender->runs[from].count > 1;
  if (is_run && sender->refusal) {
    errno = sender->refusal;
    return -1;
  }
  // With a refusal in force the next run is not to slip through behind a single datagram.
  int count = sender->refusal ? 1 : to - from;
  return transmit_surely(sender->runs[from].route.fd, sender->headers + from, count);
}

/// As above, all of them, some of which may fail.
static void send_all(parley_sender *sender, int from, int to) {
  while (from < to) {
    int sent = send_some(sender, from, to);
    if (sent > 0) {
      from += sent;
      continue;
    }
    int error = errno;
    run *run = &sender->runs[from];
    if (run->count > 1 && refuses_runs(sender, error)) {
      sender->headers[from].msg_hdr.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
      error = send_each(sender, from);
    } else {
      fail(sender, run, run->count, run->bytes);
    }
    from++;
    // There is no room for those behind either, and waiting is not for datagrams.
    for (; error == EAGAIN && from < to; from++)
      fail(sender, &sender->runs[from], sender->runs[from].count, sender->runs[from].bytes);
  }
}

static void finish(parley_sender *sender, int index) {
  run *run = &sender->runs[index];
  struct msghdr *header = &sender->headers[index].msg_hdr;
  header->msg_iovlen = run->vectors;
  if (run->count > 1) {
    struct cmsghdr *c = (struct cmsghdr *)(sender->controls[index].bytes + header->msg_controllen);
    uint16_t size = (uint16_t)run->size;
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof size);
    memcpy(CMSG_DATA(c), &size, sizeof size);
    header->msg_controllen += CMSG_SPACE(sizeof size);
  }
}

int parley_sender_flush(parley_sender *sender) {
  sender->failures = 0;
  for (int from = 0; from < sender->count;) {
    int to = from;
    int fd = sender->runs[from].route.fd;
    while (to < sender->count && sender->runs[to].route.fd == fd) finish(sender, to++);
    send_all(sender, from, to);
    from = to;
  }
  sender->count = 0;
  sender->kept = 0;
  memset(sender->newest, NO_RUN, sizeof sender->newest);
  return sender->failures;
}

parley_failure parley_sender_failure(const parley_sender *sender, int index) {
  return sender->failed[index];
}
