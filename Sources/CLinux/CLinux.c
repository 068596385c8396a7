// epoll, eventfd, timers, signals, the service manager, clocks and limits.
#include "CLinux.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256

_Static_assert((int)PARLEY_READABLE == (int)EPOLLIN && (int)PARLEY_WRITABLE == (int)EPOLLOUT &&
                   (int)PARLEY_ERROR == (int)EPOLLERR && (int)PARLEY_HANGUP == (int)EPOLLHUP &&
                   (int)PARLEY_PEER_CLOSED == (int)EPOLLRDHUP,
               "the bits are epoll's");

int parley_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int parley_epoll_set(int epoll, int fd, uint32_t bits, uint64_t token, int modify) {
  struct epoll_event event = {.events = bits, .data.u64 = token};
  return epoll_ctl(epoll, modify ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int parley_epoll_remove(int epoll, int fd) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

int parley_epoll_wait(int epoll, parley_event *events, int count, int waits) {
  struct epoll_event found[EVENTS_MAX];
  if (count > EVENTS_MAX) count = EVENTS_MAX;
  int ready = epoll_wait(epoll, found, count, waits ? -1 : 0);
  if (ready < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < ready; i++)
    events[i] = (parley_event){.token = found[i].data.u64, .bits = found[i].events};
  return ready;
}

int parley_timer_create(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void parley_timer_set(int fd, int64_t at_ns) {
  struct itimerspec when = {.it_value = {.tv_sec = at_ns / 1000000000,
                                         .tv_nsec = at_ns % 1000000000}};
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int parley_eventfd(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void parley_eventfd_signal(int fd) {
  uint64_t one = 1;
  // The only failure is a full counter, and then the reader is about to wake anyway.
  ssize_t ignored = write(fd, &one, sizeof one);
  (void)ignored;
}

void parley_eventfd_drain(int fd) {
  uint64_t count;
  ssize_t ignored = read(fd, &count, sizeof count);
  (void)ignored;
}

int parley_hold_signal(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  signal(SIGPIPE, SIG_IGN);
  return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int parley_signal_descriptor(const int *numbers, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, numbers[i]);
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int parley_read_signal(int fd) {
  struct signalfd_siginfo info;
  return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int parley_terminal_size(int fd, uint16_t *columns, uint16_t *rows) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -errno;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return 0;
}

int parley_notify(const char *path, const uint8_t *text, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t path_length = strlen(path);
  if (path_length == 0 || path_length >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, path_length);
  if (path[0] == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  socklen_t address_length = offsetof(struct sockaddr_un, sun_path) + path_length;
  ssize_t sent = sendto(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL,
                        (struct sockaddr *)&address, address_length);
  int failure = errno;
  close(fd);
  return sent < 0 ? -failure : 0;
}

static int64_t read_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t parley_monotonic_ns(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t parley_realtime_ns(void) { return read_clock(CLOCK_REALTIME); }

int64_t parley_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return (int64_t)limit.rlim_cur;
}

void parley_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int parley_write_file(const char *path, const uint8_t *bytes, size_t length) {
  FILE *file = fopen(path, "we");
  if (!file) return -errno;
  size_t count = fwrite(bytes, 1, length, file);
  int failure = count < length ? errno : 0;
  if (fclose(file) && !failure) failure = errno;
  return -failure;
}

int parley_process_id(void) { return getpid(); }

int parley_process_usage(int process, int64_t *cpu_ns, int64_t *resident_bytes) {
  clockid_t clock;
  struct timespec time;
  char path[64];
  long pages, resident;
  snprintf(path, sizeof path, "/proc/%d/statm", process);
  FILE *file = fopen(path, "re");
  if (!file) return -errno;
  int found = fscanf(file, "%ld %ld", &pages, &resident);
  fclose(file);
  // The same as in /proc/PID/stat, but not rounded to a tick.
  int failure = clock_getcpuclockid(process, &clock);
  if (failure) return -failure;
  if (found != 2 || clock_gettime(clock, &time) < 0) return -ESRCH;
  *cpu_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
  *resident_bytes = (int64_t)resident * sysconf(_SC_PAGESIZE);
  return 0;
}

int parley_may_run_on(int processor) {
  cpu_set_t set;
  return processor >= 0 && processor < CPU_SETSIZE &&
         sched_getaffinity(0, sizeof set, &set) == 0 && CPU_ISSET(processor, &set);
}

int parley_stay_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}
