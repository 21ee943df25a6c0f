// SPDX-License-Identifier: GPL-2.0-only
#include "grace.h"

#include <fcntl.h>
#include <unistd.h>

#include "util.h"

#define SWITCH "/sys/kernel/rcu_expedited"

static bool set(char to)
{
	int fd = open(SWITCH, O_RDWR | O_CLOEXEC);
	char was = to;
	bool changed;

	if (fd < 0)
		return false;
	/* "0\n"; a number that is no 0 was set by somebody, who may count */
	changed = pread(fd, &was, 1, 0) == 1 && was != to && pwrite(fd, &to, 1, 0) == 1;
	close(fd);
	return changed;
}

bool grace_hurry(void)
{
	return set('1');
}

void grace_calm(bool hurried)
{
	if (hurried && !set('0'))
		log_warn("cannot set " SWITCH " back to 0");
}
