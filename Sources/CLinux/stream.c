// TCP and Unix stream sockets.
#include "address.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int fd) {
  int failure = errno;
  close(fd);
  return -failure;
}

int parley_tcp_listen(const parley_address *local, int reuse_port, int backlog,
                      parley_address *bound) {
  int v4 = local->family == 4, one = 1;
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  struct sockaddr_storage address;
  socklen_t length = parley_to_sockaddr(local, &address);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
      (!v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0) ||
      (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0) ||
      bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, backlog) < 0)
    return fail(fd);
  parley_bound_address(fd, bound);
  return fd;
}

static int unix_socket(const char *path, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
  strcpy(address->sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? -errno : fd;
}

// A socket file that nobody answers at is left over from a process that ended without cleaning up.
static void remove_dead(const char *path) {
  struct stat status;
  struct sockaddr_un address;
  if (lstat(path, &status) < 0 || !S_ISSOCK(status.st_mode)) return;
  int probe = unix_socket(path, &address);
  if (probe < 0) return;
  if (connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED)
    unlink(path);
  close(probe);
}

int parley_unix_listen(const char *path, int backlog) {
  struct sockaddr_un address;
  remove_dead(path);
  int fd = unix_socket(path, &address);
  if (fd < 0) return fd;
  mode_t before = umask(0177);
  int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
  umask(before);
  if (bound < 0 || listen(fd, backlog) < 0) return fail(fd);
  return fd;
}

static void prompt(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int parley_accept(int fd, parley_address *peer) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  memset(&storage, 0, sizeof storage);
  int accepted = accept4(fd, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) return -errno;
  parley_from_sockaddr(&storage, peer);
  if (peer->family) prompt(accepted);
  return accepted;
}

void parley_local_address(int fd, parley_address *local) { parley_bound_address(fd, local); }

// A port that is listened at is connected from too only if all its sockets share it. Any other is
// found by connect: for bind it would have to be free of everybody, and that is a long search.
static int leave_from(int fd, const parley_address *source) {
  struct sockaddr_storage address;
  socklen_t length = parley_to_sockaddr(source, &address);
  int one = 1;
  if (!source->port) {
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0) return -1;
  } else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0)
    return -1;
  return bind(fd, (struct sockaddr *)&address, length);
}

int parley_tcp_connect(const parley_address *target, const parley_address *source) {
  struct sockaddr_storage address;
  socklen_t length = parley_to_sockaddr(target, &address);
  int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  prompt(fd);
  if (source->family && leave_from(fd, source) < 0) return fail(fd);
  if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) return fail(fd);
  return fd;
}

int parley_unix_connect(const char *path) {
  struct sockaddr_un address;
  int fd = unix_socket(path, &address);
  if (fd < 0) return fd;
  return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? fail(fd) : fd;
}

int parley_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return errno;
  return error;
}

ssize_t parley_read(int fd, uint8_t *buffer, size_t capacity) {
  ssize_t count = recv(fd, buffer, capacity, MSG_DONTWAIT);
  return count < 0 ? -errno : count;
}

ssize_t parley_write(int fd, const uint8_t *bytes, size_t length) {
  ssize_t count = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return count < 0 ? -errno : count;
}

void parley_limit_unsent(int fd, int bytes) {
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

void parley_close(int fd) { close(fd); }

void parley_end_output(int fd) { shutdown(fd, SHUT_WR); }
