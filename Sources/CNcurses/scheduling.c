// The scheduling of the interface's thread. It computes little, but a key must not wait until the threads of a model that
// occupy all cores have used up their time slices.
#define _GNU_SOURCE 1
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "CNcurses.h"

#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>

// Version 0 of struct sched_attr, which no header of glibc 2.36 declares (see sched_setattr(2)).
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

void scheduling_prefer_latency(void) {
  // Linux 6.12 and later: a thread that asks for a shorter slice runs sooner after it wakes, and gets no more time. No
  // privilege is needed. Earlier versions ignore the field.
  struct attributes wanted;
  memset(&wanted, 0, sizeof wanted);
  wanted.size = sizeof wanted;
  wanted.nice = getpriority(PRIO_PROCESS, 0);
  wanted.runtime = 500 * 1000;
  syscall(SYS_sched_setattr, 0, &wanted, 0);
}
#elif defined(__APPLE__)
#include <pthread/qos.h>

void scheduling_prefer_latency(void) { pthread_set_qos_class_self_np(QOS_CLASS_USER_INTERACTIVE, 0); }
#else
void scheduling_prefer_latency(void) {}
#endif
