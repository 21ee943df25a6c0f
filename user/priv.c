// SPDX-License-Identifier: GPL-2.0-only
/* See priv.h. By system calls: libcap would be one more library for three of them. */
#include "priv.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

#define BIT(cap) (1ull << (cap))

#define ALWAYS (BIT(CAP_BPF) | BIT(CAP_PERFMON) | BIT(CAP_NET_ADMIN))
#define NOW_AND_THEN \
	(BIT(CAP_SYS_ADMIN) | BIT(CAP_SYSLOG) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_OVERRIDE))
#define AT_START BIT(CAP_SYS_RESOURCE)

struct caps {
	uint64_t effective, permitted;
};

static bool get(struct caps *c)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	/* the second one valgrind does not see being written */
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &hdr, d))
		return false;
	c->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	c->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	return true;
}

/* Only ever less than before, or in effect what is permitted: it cannot fail. Nothing is inherited. */
static void set(const struct caps *c)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = (uint32_t)c->effective, .permitted = (uint32_t)c->permitted },
		{ .effective = (uint32_t)(c->effective >> 32),
		  .permitted = (uint32_t)(c->permitted >> 32) },
	};

	if (syscall(SYS_capset, &hdr, d))
		log_debug("capset failed");
}

static void keep(uint64_t effective, uint64_t permitted)
{
	struct caps c;

	if (!get(&c))
		return;
	c.permitted &= permitted;
	c.effective = effective & c.permitted;
	set(&c);
}

void priv_start(void)
{
	const uint64_t all = ALWAYS | NOW_AND_THEN | AT_START;

	/* without CAP_SETPCAP the bounding set stays; no_new_privs says the same */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	keep(all, all);
}

void priv_settle(bool writes)
{
	uint64_t effective = ALWAYS;
	struct caps c;

	if (!get(&c))
		return;
	if (~c.permitted & (BIT(CAP_BPF) | BIT(CAP_PERFMON)))
		effective |= BIT(CAP_SYS_ADMIN);
	if (writes)
		effective |= BIT(CAP_DAC_OVERRIDE);
	keep(effective, ALWAYS | NOW_AND_THEN);
}

void priv_only_net_admin(void)
{
	keep(BIT(CAP_NET_ADMIN), BIT(CAP_NET_ADMIN));
}

void priv_none(void)
{
	keep(0, 0);
}

struct priv_raised priv_raise(int cap, int cap2)
{
	struct priv_raised r = { .before = 0 };
	struct caps c;

	if (!get(&c))
		return r;
	r.before = c.effective;
	c.effective |= c.permitted & (BIT(cap) | BIT(cap2));
	if (c.effective != r.before)
		set(&c);
	return r;
}

void priv_lower(const struct priv_raised *r)
{
	struct caps c;

	if (!get(&c) || c.effective == r->before)
		return;
	c.effective = r->before & c.permitted;
	set(&c);
}

bool priv_has(int cap)
{
	struct caps c;

	return get(&c) && c.effective & BIT(cap);
}

void priv_missing(char *names, size_t size)
{
	static const struct {
		const char *name;
		int cap;
	} optional[] = {
		{ "CAP_SYSLOG", CAP_SYSLOG },
		{ "CAP_SYS_PTRACE", CAP_SYS_PTRACE },
		{ "CAP_SYS_ADMIN", CAP_SYS_ADMIN },
	};
	struct caps c = { 0 };
	size_t len = 0;

	names[0] = '\0';
	if (!get(&c))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++) {
		if (c.effective & BIT(optional[i].cap))
			continue;
		snprintf(names + len, size - len, "%s%s", len ? ", " : "", optional[i].name);
		len = strlen(names);
	}
}
