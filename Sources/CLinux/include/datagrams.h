// Datagrams in batches: slots that many sockets are read into, and a sender that puts what leaves
// for one place into one call. Headers and vectors for the kernel are made once and used again.
#ifndef PARLEY_DATAGRAMS_H
#define PARLEY_DATAGRAMS_H

#include "address_type.h"

/// What one slot holds: a datagram, or a train of them (UDP_GRO).
typedef struct {
  const uint8_t *bytes;
  uint32_t length;
  /// Bytes of each datagram but the last; 0 when there is only one.
  uint32_t segment;
  /// The datagram was longer than the slot.
  uint8_t truncated;
  parley_address source;
  /// The local address it came to (IP_PKTINFO); its port is 0, family 0 when the kernel did not
  /// say.
  parley_address destination;
} parley_datagram;

typedef struct parley_slots parley_slots;

/// `count` slots of `bytes` bytes each; NULL when there is no memory.
parley_slots *parley_slots_new(int count, uint32_t bytes);
void parley_slots_free(parley_slots *slots);
uint8_t *parley_slot_bytes(const parley_slots *slots, int index);
/// Receives without waiting into the slots from `first` on, `count` at most; `datagrams` are theirs
/// in the same order. Returns how many were filled.
int parley_receive(parley_slots *slots, int fd, int first, int count, parley_datagram *datagrams);
/// Makes the kernel hand over what came together in one piece.
int parley_accept_trains(int fd);

typedef struct parley_sender parley_sender;

/// Who sends, to whom, and who is to be told of a failure.
typedef struct {
  /// Any two numbers of the caller's.
  uint64_t owner;
  parley_address target;
  /// The address it leaves from; family 0 for that of the socket.
  parley_address source;
  int32_t fd;
  uint8_t kind;
  /// Bytes of each datagram that are not counted when it fails.
  uint8_t uncounted;
} parley_route;

/// Datagrams of equal length: each is the same header, which is copied, its own payload, which has
/// to stay until the flush, and zeros.
typedef struct {
  const uint8_t *header;
  /// Of the first; that of the next is `stride` bytes further.
  const uint8_t *payload;
  uint32_t stride;
  /// Of one payload.
  uint32_t length;
  uint32_t header_length;
  /// At most 3.
  uint32_t padding;
  uint32_t count;
} parley_frames;

typedef struct {
  uint64_t owner;
  uint64_t packets;
  uint64_t bytes;
  uint8_t kind;
} parley_failure;

/// NULL when there is no memory.
parley_sender *parley_sender_new(void);
void parley_sender_free(parley_sender *sender);
/// Takes the first of the frames that there is room for and returns how many; what is left needs a
/// flush first. What is too long for any datagram is never taken; see PARLEY_DATAGRAM_MAX.
uint32_t parley_sender_add(parley_sender *sender, const parley_route *route,
                           const parley_frames *frames);
/// Sends everything, and returns how often something failed.
int parley_sender_flush(parley_sender *sender);
/// What failed in the last flush.
parley_failure parley_sender_failure(const parley_sender *sender, int index);
/// Whether several datagrams leave in one piece (UDP_SEGMENT).
int parley_sender_segments(const parley_sender *sender);
/// From now on the kernel is not asked to take several datagrams in one piece: it answers with this
/// errno, as one would that cannot. For tests.
void parley_sender_refuse(parley_sender *sender, int error);

/// The most bytes that are kept at once, and so the longest header and copy.
#define PARLEY_KEPT_MAX 131072

#endif
