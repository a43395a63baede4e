/* A wall clock that is ahead, for a program that is started with this in LD_PRELOAD. Other clocks stay as they are. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*true_clock)(clockid_t, struct timespec *);
    if (!true_clock) true_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = true_clock(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) now->tv_sec += AHEAD_SECONDS;
    return result;
}
