// What Swift's Glibc module does not show of Linux, or only through pointer casts: sockets whose
// addresses are plain numbers, datagrams in batches with the address they came to, epoll and
// eventfd. Functions return a non-negative result, or a negated errno.
#ifndef PARLEY_CLINUX_H
#define PARLEY_CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address_type.h"
#include "datagrams.h"
#include "trains.h"

/// An ICMP message about a datagram to `target`, whose family is 0 when what waited was no such
/// message. `mtu` means something only where the type has one.
typedef struct {
  parley_address target;
  uint32_t mtu;
  uint8_t type;
  uint8_t code;
} parley_icmp_error;

enum parley_epoll_bits {
  PARLEY_READABLE = 1,
  PARLEY_WRITABLE = 4,
  PARLEY_ERROR = 8,
  PARLEY_HANGUP = 16,
  PARLEY_PEER_CLOSED = 0x2000,
};

typedef struct {
  uint64_t token;
  uint32_t bits;
} parley_event;

/// A non-blocking UDP socket bound to `local`; `bound` gets the address with the port in use.
/// reuse_port != 0: SO_REUSEPORT. packet_info != 0: report each datagram's destination.
int parley_udp_open(const parley_address *local, int reuse_port, int packet_info,
                    parley_address *bound);
/// Ties the socket to `target`: it hears nobody else, and need not be told whom to send to.
int parley_udp_connect(int fd, const parley_address *target);
/// Whether what the socket of this family (4 or 6) sends may be cut up on its way: on != 0: never.
void parley_set_df(int fd, int family, int on);
/// Asks for socket buffers of this size, over the system's limit where we are allowed to.
void parley_set_buffers(int fd, int bytes);
/// Datagrams that the kernel did not put into the socket's buffer, since it was opened.
int64_t parley_socket_drops(int fd);
/// Makes a UDP socket of this family (4 or 6) queue the ICMP errors about what it sends. From then
/// on a pending one also fails one call that has nothing to do with it.
int parley_report_errors(int fd, int family);
/// Takes one error from that queue.
int parley_receive_error(int fd, parley_icmp_error *error);
/// Sends one datagram; `source`, when not NULL and of a known family, is the address it leaves
/// from.
int parley_send(int fd, const uint8_t *bytes, size_t length, const parley_address *target,
                const parley_address *source);

/// A non-blocking listening TCP socket.
int parley_tcp_listen(const parley_address *local, int reuse_port, int backlog,
                      parley_address *bound);
/// A non-blocking listening Unix socket at `path`; a dead socket file there is replaced.
int parley_unix_listen(const char *path, int backlog);
/// A connection waiting at `fd`, non-blocking, Nagle off; `peer` gets family 0 for a Unix socket.
int parley_accept(int fd, parley_address *peer);
/// Where the socket is bound; family 0 for a Unix socket.
void parley_local_address(int fd, parley_address *local);
/// TCP_NOTSENT_LOWAT.
void parley_limit_unsent(int fd, int bytes);
/// Starts a TCP connection, from `source` unless its family is 0, whose port may be one that is
/// shared by listening at it with reuse_port. It is there when the descriptor that is returned is
/// PARLEY_WRITABLE and has no error.
int parley_tcp_connect(const parley_address *target, const parley_address *source);
/// A connection to the Unix socket at `path`. Returns the descriptor.
int parley_unix_connect(const char *path);
/// The addresses of all interfaces; returns how many there are, and tells the first `count`.
int parley_local_addresses(parley_address *addresses, int count);
/// The error a socket has pending, as a positive errno, or 0.
int parley_socket_error(int fd);
ssize_t parley_read(int fd, uint8_t *buffer, size_t capacity);
/// Never raises SIGPIPE.
ssize_t parley_write(int fd, const uint8_t *bytes, size_t length);
void parley_close(int fd);
/// Tells the peer that nothing more comes; what it sends can still be read.
void parley_end_output(int fd);

int parley_epoll_create(void);
int parley_epoll_set(int epoll, int fd, uint32_t bits, uint64_t token, int modify);
int parley_epoll_remove(int epoll, int fd);
/// Takes what is ready; waits != 0: until something is. EINTR counts as no event.
int parley_epoll_wait(int epoll, parley_event *events, int count, int waits);

/// A descriptor that becomes readable at a time of parley_monotonic_ns; parley_eventfd_drain makes
/// it wait again.
int parley_timer_create(void);
/// `at_ns`: above 0. The time that was set before no longer counts.
void parley_timer_set(int fd, int64_t at_ns);

int parley_eventfd(void);
void parley_eventfd_signal(int fd);
void parley_eventfd_drain(int fd);

/// Blocks the signal in this thread and those it starts. SIGPIPE is ignored from now on.
int parley_hold_signal(int number);
/// A descriptor that becomes readable when one of these signals, which have to be blocked, arrives.
int parley_signal_descriptor(const int *numbers, int count);
/// The number of the signal waiting at such a descriptor, or 0.
int parley_read_signal(int fd);

/// The size in cells of the terminal that `fd` is.
int parley_terminal_size(int fd, uint16_t *columns, uint16_t *rows);

/// Sends a datagram to the Unix socket at `path`, of which a leading @ stands for a 0 byte.
int parley_notify(const char *path, const uint8_t *text, size_t length);

/// CLOCK_MONOTONIC and CLOCK_REALTIME, in nanoseconds.
int64_t parley_monotonic_ns(void);
int64_t parley_realtime_ns(void);

/// Raises the soft limit of open descriptors to the hard one; returns the limit then in force.
int64_t parley_raise_descriptor_limit(void);
void parley_name_thread(const char *name);
/// Whether this thread may run on the processor.
int parley_may_run_on(int processor);
/// Keeps this thread on the processor.
int parley_stay_on(int processor);
/// Makes `path` a file of these bytes.
int parley_write_file(const char *path, const uint8_t *bytes, size_t length);
int parley_process_id(void);
/// Processor time of all threads of `process` so far, and what of it is in memory.
int parley_process_usage(int process, int64_t *cpu_ns, int64_t *resident_bytes);

#endif
