// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.ipv4.conf, see state.h. Of our own /proc, not of host_root's: the files below /proc/sys/net are
 * those of the network namespace of the thread that looks them up (net/sysctl_net.c takes it from
 * current->nsproxy), whichever mount of /proc it goes through. A descriptor stays in the namespace
 * in which it was opened, hence none is kept from one round to the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

struct conf {
	const struct round *round;
	int dir; /* /proc/sys/net/ipv4/conf */
};

/* -1: could not be read. All of these are switches or small; any other number counts as "on". */
static int8_t read_switch(int dir, const char *path)
{
	char text[16];
	ssize_t n;
	int fd;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == 2 && text[1] == '\n' && text[0] >= '0' && text[0] <= '9')
		return (int8_t)(text[0] - '0');
	return n > 0 ? 1 : -1;
}

/* name: a device's, which may hold dots but no slash. False: there is none such. */
static bool conf__tell(const struct conf *c, uint32_t ifindex, const char *name, int8_t ip_forward)
{
	struct obs o = { .kind = OBS_SYSCTL };
	int dir = openat(c->dir, name, DIR_FLAGS);

	if (dir < 0)
		return false;
	o.sysctl = (struct obs_sysctl){
		.ifindex = ifindex,
		.rp_filter = read_switch(dir, "rp_filter"),
		.forwarding = read_switch(dir, "forwarding"),
		.proxy_arp = read_switch(dir, "proxy_arp"),
		.ip_forward = ip_forward,
	};
	close(dir);
	round_tell(c->round, &o);
	return true;
}

/* A device may be named as the two that are none; its settings cannot be told from theirs. */
static void tell_link(void *ctx, const struct link_info *link)
{
	if (strcmp(link->name, "all") != 0 && strcmp(link->name, "default") != 0 && link->name[0] &&
	    link->name[0] != '.')
		(void)conf__tell(ctx, link->ifindex, link->name, -1);
}

int state_sysctl(const struct state_ask *ask, uint64_t ts_ns, obs_fn fn, void *ctx)
{
	const struct round r = { SOURCE_SYSCTL, ts_ns, fn, ctx };
	struct conf c = { .round = &r };
	int err = 0;

	round_begin(&r);
	c.dir = open("/proc/sys/net/ipv4/conf", DIR_FLAGS);
	if (c.dir < 0)
		return round_end(&r, -errno, "net/ipv4/conf");
	if (!conf__tell(&c, 0, "all", read_switch(c.dir, "../ip_forward")) ||
	    !conf__tell(&c, SYSCTL_DEFAULT, "default", -1))
		err = -errno;
	if (!err && ask->mirror)
		mirror__each_link(ask->mirror, tell_link, &c);
	close(c.dir);
	return round_end(&r, err, "net/ipv4/conf");
}
