// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded, it sets the wall clock for one program alone: by as many nanoseconds as the file says whose name
 * is in CALITRACE_TEST_CLOCK, an int64_t that the test may write at any time. No system call after the start, as
 * a sandbox would not let it pass.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *set;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("CALITRACE_TEST_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*set), PROT_READ, MAP_SHARED, fd, 0);

	set = p == MAP_FAILED ? NULL : p;
	if (fd >= 0)
		close(fd);
	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int err = real(id, ts);
	int64_t ns;

	if (err || id != CLOCK_REALTIME || !set)
		return err;
	ns = ts->tv_nsec + *set;
	ts->tv_sec += ns / 1000000000 - (ns % 1000000000 < 0);
	ts->tv_nsec = ns % 1000000000 + (ns % 1000000000 < 0 ? 1000000000 : 0);
	return 0;
}
