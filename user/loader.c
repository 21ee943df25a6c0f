// SPDX-License-Identifier: GPL-2.0-only
/*
 * One object with all programs, so that they share their maps. It is loaded whole;
 * where a kernel refuses that, each program is tried alone in an object of its own,
 * and the rest is loaded without those that failed.
 */
#include "loader.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/types.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bpf/events.h"
#include "priv.h"
#include "probe.h"
#include "rtnum.h"
#include "tcx.h"
#include "util.h"

#define RING_BYTES (4u << 20)
/* Blocks of memory that go back to the system when they are freed */
#define BIG_BYTES (1 << 20)
/* The largest that 5.10 takes. A log that does not fit hides the errno behind ENOSPC. */
#define LOG_BYTES (UINT32_MAX >> 8)
/* Records in a row before the caller may look at its signals and timers again */
#define CONSUME_MAX 65536

/*
 * Records of a kind that a CPU may send: a second, and at once. They cost it a tenth of its time.
 * It is more than user space asks for (storm.c), which sheds whole exchanges; tokens tear them.
 */
#define TOKEN_RATE 262144
#define TOKEN_BURST 32768

/* Without a sign of life for so long the programs do nothing: the contract's dead-man heartbeat */
#define DEAD_MS 2000

extern const char calitrace_bpf_object[], calitrace_bpf_object_end[];

enum prog {
	PROG_IN,
	PROG_EG,
	PROG_DROP3,
	PROG_DROP2,
	PROG_FIB,
	PROG_FIB0,
	PROG_ROUTE,
	PROG_BGP,
	PROG_RES,
	PROG_SYM,
	PROG_MAX,
};

static const struct {
	const char *name;
	enum probe probe;
	bool tracing; /* attached by the loader, without a target */
} progs[PROG_MAX] = {
	[PROG_IN] = { "calitrace_in", PROBE_PATH, false },
	[PROG_EG] = { "calitrace_eg", PROBE_PATH, false },
	[PROG_DROP3] = { "calitrace_drop3", PROBE_REASON, true },
	[PROG_DROP2] = { "calitrace_drop2", PROBE_DROP, true },
	[PROG_FIB] = { "calitrace_fib", PROBE_FIB, true },
	[PROG_FIB0] = { "calitrace_fib0", PROBE_FIB, true },
	[PROG_ROUTE] = { "calitrace_route", PROBE_ROUTE, false },
	[PROG_BGP] = { "calitrace_bgp", PROBE_BGP, true },
	[PROG_RES] = { "calitrace_res", PROBE_FEXIT, false },
	[PROG_SYM] = { "calitrace_sym", PROBE_DROP, false },
};

static const struct {
	const char *name, *without;
} probes[PROBE_MAX] = {
	[PROBE_PATH] = { "path", "where packets go: leaks and the routes that they took" },
	[PROBE_DROP] = { "drop", "packets that the kernel throws away" },
	[PROBE_REASON] = { "reason", "the kernel's name for why it dropped a packet" },
	[PROBE_FIB] = { "fib", "local senders that fail before there is a packet, and silent "
			       "proxy ARP" },
	[PROBE_ROUTE] = { "route", "who changed a route, and exactly when" },
	[PROBE_BGP] = { "bgp", "how BGP connections fail" },
	[PROBE_FEXIT] = { "fexit",
			  "the table and prefix that a packet's route came from, where rules "
			  "send it to another table than main" },
	[PROBE_TCX] = { "tcx", "attachments that end with the process (clsact filters do not)" },
};

struct loader {
	struct loader_opts opts;
	struct probe_state probe[PROBE_MAX];
	bool want[PROG_MAX];
	struct bpf_object *obj;
	struct bpf_link *link[PROG_MAX];
	struct ring_buffer *ring;
	struct ev_life *life; /* shared with the programs */
	struct ev_pool4 pool[MAX_POOLS];
	uint32_t pool_cnt;
	int pools_fd, podns_fd, count_fd, held_fd;
	int cpu_cnt;
	uint64_t *per_cpu; /* room for one value of calitrace_count */
	/* during loader__consume() */
	void (*fn)(void *ctx, const void *data, size_t len);
	void *ctx;
	int left;
};

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	/* What it calls a warning is often one of our trials: for the curious only */
	if (level != LIBBPF_DEBUG)
		log_vprint(LEVEL_DEBUG, fmt, ap);
	return 0;
}

static void refuse(struct loader *l, enum probe p, const char *why)
{
	l->probe[p].ok = false;
	snprintf(l->probe[p].why, sizeof(l->probe[p].why), "%s", why);
}

/* ---- the object ---- */

static struct ev_config config_of(const struct loader_opts *o)
{
	struct ev_config cfg = {
		.netns = o->netns_inum,
		.apps = o->apps ? o->apps : EV_APP_DNS | EV_APP_ICMP | EV_APP_TCP,
		.vxlan_port = htons(o->vxlan_port),
		.bgp_port = htons(o->bgp_port),
		/* early enough that what comes until the reader runs still fits */
		.ring_wake = o->ring_bytes / 8,
		.token_rate = o->token_rate ? o->token_rate : TOKEN_RATE,
		.token_burst = o->token_burst ? o->token_burst : TOKEN_BURST,
		.dead_ms = DEAD_MS,
		.no_socket = o->no_socket,
		.snap_all = o->snap_all,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cfg.dns_port); i++)
		cfg.dns_port[i] = htons(o->dns_port[i]);
	return cfg;
}

static struct bpf_program *program(const struct bpf_object *obj, enum prog p)
{
	return bpf_object__find_program_by_name(obj, progs[p].name);
}

/*
 * What the kernel's BTF does not have (an optional variable) is looked for in that of modules. To list
 * these takes CAP_SYS_ADMIN, and libbpf before 1.3 gives the object up for that: but it tries once
 * only, and so is made to try for something that nobody has.
 */
static void leave_modules_out(struct bpf_object *obj)
{
	(void)bpf_program__set_attach_target(program(obj, PROG_FIB), 0, "calitrace");
}

/* Opened and configured, with the wanted programs alone set to be loaded */
static int object_open(const struct loader_opts *o, const bool want[PROG_MAX],
		       struct bpf_object **ret)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "calitrace");
	size_t size = (size_t)(calitrace_bpf_object_end - calitrace_bpf_object);
	struct ev_config cfg = config_of(o);
	struct bpf_map *rodata, *bss, *ring;
	struct bpf_object *obj;
	int err = -EINVAL, i;

	obj = bpf_object__open_mem(calitrace_bpf_object, size, &opts);
	if (!obj)
		return -errno;
	if (!priv_has(CAP_SYS_ADMIN))
		leave_modules_out(obj);
	rodata = bpf_object__find_map_by_name(obj, ".rodata");
	bss = bpf_object__find_map_by_name(obj, ".bss");
	ring = bpf_object__find_map_by_name(obj, "calitrace_ring");
	if (!rodata || !bss || !ring || bpf_map__value_size(rodata) != sizeof(cfg) ||
	    bpf_map__value_size(bss) != sizeof(struct ev_life))
		goto fail;
	err = bpf_map__set_initial_value(rodata, &cfg, sizeof(cfg));
	if (!err)
		err = bpf_map__set_max_entries(ring, o->ring_bytes);
	for (i = 0; i < PROG_MAX && !err; i++)
		err = bpf_program__set_autoload(program(obj, i), want[i]);
	if (err)
		goto fail;
	*ret = obj;
	return 0;
fail:
	bpf_object__close(obj);
	return err;
}

static int object_load(const struct loader_opts *o, const bool want[PROG_MAX],
		       struct bpf_object **ret)
{
	struct bpf_object *obj;
	int err = object_open(o, want, &obj);

	if (err)
		return err;
	err = bpf_object__load(obj);
	if (err)
		bpf_object__close(obj);
	else
		*ret = obj;
	return err;
}

/* Does the kernel take this program alone? 0, or -errno and the reason in why. */
static int object_try(const struct loader_opts *o, enum prog p, char *why, size_t why_sz)
{
	bool want[PROG_MAX] = { false };
	char *log = malloc(LOG_BYTES);
	struct bpf_object *obj;
	int err;

	if (!log)
		return -ENOMEM;
	log[0] = '\0';
	want[p] = true;
	err = object_open(o, want, &obj);
	if (!err) {
		bpf_program__set_log_buf(program(obj, p), log, LOG_BYTES);
		err = bpf_object__load(obj);
		bpf_object__close(obj);
	}
	if (err)
		probe_explain(err, log, why, why_sz);
	free(log);
	return err;
}

/* ---- what to load ---- */

static void choose(struct loader *l)
{
	struct probe_kernel k = { 0 };
	int i;

	if (probe_kernel(&k, l->opts.sym))
		k.fexit_err = k.context_err = -EOPNOTSUPP;

	l->opts.no_socket = k.no_socket;
	for (i = 0; i < PROBE_MAX; i++) {
		l->probe[i].name = probes[i].name;
		l->probe[i].without = probes[i].without;
		l->probe[i].ok = true;
		if (probe_switched_off(probes[i].name))
			refuse(l, i, "switched off by CALITRACE_WITHOUT");
	}
	if (l->probe[PROBE_REASON].ok && !k.drop_has_reason)
		refuse(l, PROBE_REASON, "kfree_skb of this kernel gives no reason");
	if (l->probe[PROBE_REASON].ok && !l->probe[PROBE_DROP].ok)
		refuse(l, PROBE_REASON, l->probe[PROBE_DROP].why);
	if (l->probe[PROBE_BGP].ok && !l->opts.bgp_port)
		refuse(l, PROBE_BGP, "no BGP port given");
	if (l->probe[PROBE_FEXIT].ok && k.fexit_err)
		refuse(l, PROBE_FEXIT, strerror(-k.fexit_err));
	for (i = 0; i < PROG_MAX; i++)
		l->want[i] = l->probe[progs[i].probe].ok;
	l->want[PROG_DROP2] = l->probe[PROBE_DROP].ok && !l->probe[PROBE_REASON].ok;
	l->want[PROG_FIB0] = l->want[PROG_FIB] && k.context_err;
	l->want[PROG_FIB] = l->want[PROG_FIB] && !k.context_err;
	l->want[PROG_SYM] = l->want[PROG_SYM] && k.has_syscall;
}

/*
 * What is commonly refused goes first, so that all others do not have to be tried one by one. The
 * FIB's program has a second form for kernels that refuse the first.
 */
static void try_optional(struct loader *l)
{
	char why[sizeof(l->probe[0].why)];

	if (l->want[PROG_RES] && object_try(&l->opts, PROG_RES, why, sizeof(why))) {
		l->want[PROG_RES] = false;
		refuse(l, PROBE_FEXIT, why);
	}
	/* without it kallsyms is read */
	if (l->want[PROG_SYM] && object_try(&l->opts, PROG_SYM, why, sizeof(why)))
		l->want[PROG_SYM] = false;
	if (l->want[PROG_FIB] && object_try(&l->opts, PROG_FIB, why, sizeof(why))) {
		l->want[PROG_FIB] = false;
		l->want[PROG_FIB0] = true;
	}
}

/* Each alone. Where the one with a reason is refused, the older form gets its chance. */
static void try_each(struct loader *l)
{
	char why[sizeof(l->probe[0].why)];
	enum prog p;

	for (p = 0; p < PROG_MAX; p++) {
		if (!l->want[p] || !object_try(&l->opts, p, why, sizeof(why)))
			continue;
		l->want[p] = false;
		refuse(l, progs[p].probe, why);
		if (p == PROG_DROP3)
			l->want[PROG_DROP2] = true;
	}
	/* half a path would look like packets that vanish */
	if (!l->probe[PROBE_PATH].ok)
		l->want[PROG_IN] = l->want[PROG_EG] = false;
}

static int nothing_left(const struct loader *l, char *why, size_t why_sz)
{
	if (l->probe[PROBE_PATH].ok || l->probe[PROBE_DROP].ok)
		return 0;
	snprintf(why, why_sz,
		 "this kernel takes neither the TC programs (%s) nor the one for "
		 "dropped packets (%s)",
		 l->probe[PROBE_PATH].why, l->probe[PROBE_DROP].why);
	return -EOPNOTSUPP;
}

static int load(struct loader *l, char *why, size_t why_sz)
{
	int err;

	choose(l);
	err = nothing_left(l, why, why_sz);
	if (err)
		return err;
	/* as a rule that is all: each trial of its own would read the kernel's BTF again */
	if (!object_load(&l->opts, l->want, &l->obj))
		return 0;
	try_optional(l);
	if (!object_load(&l->opts, l->want, &l->obj))
		return 0;
	try_each(l);
	err = nothing_left(l, why, why_sz);
	if (err)
		return err;
	err = object_load(&l->opts, l->want, &l->obj);
	if (err)
		snprintf(why, why_sz, "cannot load the BPF programs: %s", strerror(-err));
	return err;
}

static int program_fd(const struct loader *l, enum prog p)
{
	return l->want[p] ? bpf_program__fd(program(l->obj, p)) : -1;
}

static void probe_tcx(struct loader *l)
{
	int err;

	if (!l->probe[PROBE_TCX].ok)
		return;
	if (!l->probe[PROBE_PATH].ok) {
		refuse(l, PROBE_TCX, "there are no programs to attach");
		return;
	}
	err = tcx_probe(program_fd(l, PROG_IN));
	if (err)
		refuse(l, PROBE_TCX, err == -EINVAL ? "TCX came with Linux 6.6" : strerror(-err));
}

/* ---- ring and maps ---- */

static int on_record(void *ctx, void *data, size_t len)
{
	struct loader *l = ctx;

	l->fn(l->ctx, data, len);
	/* libbpf moves on past this record, and leaves the rest for the next call */
	return --l->left > 0 ? 0 : -ECANCELED;
}

/* libbpf 1.1 maps .bss for skeletons only. */
static int map_life(struct loader *l)
{
	int fd = bpf_object__find_map_fd_by_name(l->obj, ".bss");
	void *p = mmap(NULL, sizeof(*l->life), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	l->life = p;
	loader__beat(l);
	return 0;
}

static int open_maps(struct loader *l)
{
	int ring = bpf_object__find_map_fd_by_name(l->obj, "calitrace_ring");

	l->pools_fd = bpf_object__find_map_fd_by_name(l->obj, "calitrace_pools");
	l->podns_fd = bpf_object__find_map_fd_by_name(l->obj, "calitrace_podns");
	l->count_fd = bpf_object__find_map_fd_by_name(l->obj, "calitrace_count");
	l->cpu_cnt = libbpf_num_possible_cpus();
	l->held_fd = bpf_object__find_map_fd_by_name(l->obj, "calitrace_held");
	if (ring < 0 || l->pools_fd < 0 || l->podns_fd < 0 || l->count_fd < 0 || l->held_fd < 0 ||
	    l->cpu_cnt <= 0)
		return -EINVAL;
	l->per_cpu = calloc((size_t)l->cpu_cnt, sizeof(*l->per_cpu));
	if (!l->per_cpu)
		return -ENOMEM;
	l->ring = ring_buffer__new(ring, on_record, l, NULL);
	return l->ring ? map_life(l) : -errno;
}

static int check_ring_bytes(struct loader_opts *o, char *why, size_t why_sz)
{
	if (!o->ring_bytes)
		o->ring_bytes = RING_BYTES;
	if (!(o->ring_bytes & (o->ring_bytes - 1)) && o->ring_bytes >= (uint32_t)getpagesize())
		return 0;
	snprintf(why, why_sz, "the ring must be a power of two of at least one page, not %u bytes",
		 o->ring_bytes);
	return -EINVAL;
}

/*
 * Up to 5.10 what is loaded is charged to RLIMIT_MEMLOCK, once. A program that we start later gets
 * the caller's limit all the same. Failing is fine, e.g. without CAP_SYS_RESOURCE.
 */
static int load_unlimited(struct loader *l, char *why, size_t why_sz)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;
	bool raised = !getrlimit(RLIMIT_MEMLOCK, &before) && !setrlimit(RLIMIT_MEMLOCK, &all);
	int err = load(l, why, why_sz);

	if (raised)
		setrlimit(RLIMIT_MEMLOCK, &before);
	return err;
}

int loader__open(const struct loader_opts *opts, struct loader **ret, char *why, size_t why_sz)
{
	struct loader *l;
	int err = probe_environment(why, why_sz);

	if (err)
		return err;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->opts = *opts;
	/*
	 * libbpf reads the kernel's BTF twice, 5 MB each, for every object: with thresholds that
	 * adapt, malloc would keep all that for good.
	 */
	mallopt(M_MMAP_THRESHOLD, BIG_BYTES);
	mallopt(M_TRIM_THRESHOLD, BIG_BYTES);
	libbpf_set_print(print_libbpf);
	err = check_ring_bytes(&l->opts, why, why_sz);
	if (!err)
		err = load_unlimited(l, why, why_sz);
	if (!err) {
		probe_tcx(l);
		err = open_maps(l);
		if (err)
			snprintf(why, why_sz, "cannot set up the BPF ring: %s", strerror(-err));
	}
	if (err) {
		loader__free(l);
		return err;
	}
	*ret = l;
	return 0;
}

const struct probe_state *loader__probe(const struct loader *l, enum probe p)
{
	return &l->probe[p];
}

int loader__path_fd(const struct loader *l, bool egress)
{
	return program_fd(l, egress ? PROG_EG : PROG_IN);
}

static void attach_one(struct loader *l, enum prog p)
{
	char why[sizeof(l->probe[0].why)];

	l->link[p] = bpf_program__attach(program(l->obj, p));
	if (l->link[p])
		return;
	snprintf(why, sizeof(why), "cannot attach: %s", strerror(errno));
	refuse(l, progs[p].probe, why);
	if (p == PROG_DROP3)
		refuse(l, PROBE_DROP, why);
}

int loader__attach(struct loader *l, int rtnl_fd)
{
	int fd = program_fd(l, PROG_ROUTE);
	char why[80];
	enum prog p;

	loader__beat(l);
	for (p = 0; p < PROG_MAX; p++) {
		if (l->want[p] && progs[p].tracing && !l->link[p])
			attach_one(l, p);
	}
	if (fd >= 0 && rtnl_fd >= 0 &&
	    setsockopt(rtnl_fd, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd))) {
		snprintf(why, sizeof(why), "cannot attach: %s", strerror(errno));
		refuse(l, PROBE_ROUTE, why);
	}
	return l->probe[PROBE_PATH].ok || l->probe[PROBE_DROP].ok ? 0 : -EOPNOTSUPP;
}

/*
 * A hook into a function is dear: every packet that any namespace looks up a route for pays for the
 * trampoline, some 300 instructions. Where only the usual tables are asked it has nothing to tell.
 */
static bool asks_other_tables(const struct obs *o)
{
	if (o->kind == OBS_RULE)
		return o->rule.table < TABLE_DEFAULT || o->rule.table > TABLE_LOCAL;
	return o->kind == OBS_ROUTE && o->route.op != ROUTE_DEL &&
	       o->route.route.table == TABLE_DEFAULT;
}

void loader__obs(void *loader, const struct obs *o)
{
	struct loader *l = loader;

	if (l->want[PROG_RES] && !l->link[PROG_RES] && l->probe[PROBE_FEXIT].ok &&
	    (!o || asks_other_tables(o)))
		attach_one(l, PROG_RES);
}

static bool has_pool(const struct ev_pool4 *pool, uint32_t cnt, const struct ev_pool4 *p)
{
	uint32_t i;

	for (i = 0; i < cnt; i++) {
		if (pool[i].prefixlen == p->prefixlen && pool[i].addr == p->addr)
			return true;
	}
	return false;
}

/* As the programs compare it: 0 where it does not fit that form */
static uint64_t fast_pool(const struct ev_pool4 *p)
{
	uint32_t mask = p->prefixlen ? htonl(UINT32_MAX << (32 - p->prefixlen)) : 0;

	return mask ? (uint64_t)mask << 32 | (uint32_t) ~(p->addr & mask) : 0;
}

/* While they are exchanged the trie answers, which has all of them already. */
static void set_fast_pools(struct loader *l)
{
	bool more = l->pool_cnt > EV_FAST_POOLS;

	__atomic_store_n(&l->life->more_pools, 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < EV_FAST_POOLS; i++) {
		uint64_t p = i < l->pool_cnt ? fast_pool(&l->pool[i]) : 0;

		more = more || (i < l->pool_cnt && !p);
		__atomic_store_n(&l->life->pool[i], p, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&l->life->more_pools, more, __ATOMIC_SEQ_CST);
}

int loader__set_pools(struct loader *l, const struct obs_pools *pools)
{
	struct ev_pool4 new[MAX_POOLS] = { 0 };
	uint32_t cnt = 0, one = 1, i;

	for (i = 0; i < pools->cnt && i < MAX_POOLS; i++) {
		const struct prefix *cidr = &pools->pool[i].cidr;

		if (cidr->addr.family != 4)
			continue;
		new[cnt].prefixlen = cidr->len;
		memcpy(&new[cnt].addr, cidr->addr.b, sizeof(new[cnt].addr));
		if (bpf_map_update_elem(l->pools_fd, &new[cnt], &one, BPF_ANY))
			return -errno;
		cnt++;
	}
	for (i = 0; i < l->pool_cnt; i++) {
		if (!has_pool(new, cnt, &l->pool[i]))
			bpf_map_delete_elem(l->pools_fd, &l->pool[i]);
	}
	memcpy(l->pool, new, sizeof(new));
	l->pool_cnt = cnt;
	set_fast_pools(l);
	return 0;
}

int loader__set_podns(struct loader *l, uint32_t inum, uint32_t ifindex)
{
	int err;

	if (ifindex)
		err = bpf_map_update_elem(l->podns_fd, &inum, &ifindex, BPF_ANY);
	else
		err = bpf_map_delete_elem(l->podns_fd, &inum);
	return err && errno != ENOENT ? -errno : 0;
}

int loader__epoll_fd(const struct loader *l)
{
	return bpf_object__find_map_fd_by_name(l->obj, "calitrace_ring");
}

int loader__consume(struct loader *l, void (*fn)(void *ctx, const void *data, size_t len),
		    void *ctx)
{
	int n;

	loader__beat(l);
	l->fn = fn;
	l->ctx = ctx;
	l->left = CONSUME_MAX;
	/* what comes from now on may have to wake us again */
	__atomic_store_n(&l->life->woken, 0, __ATOMIC_SEQ_CST);
	n = ring_buffer__consume(l->ring);
	return n == -ECANCELED ? CONSUME_MAX : n;
}

static uint64_t counter(const struct loader *l, uint32_t what)
{
	uint64_t sum = 0;
	int i;

	if (bpf_map_lookup_elem(l->count_fd, &what, l->per_cpu))
		return 0;
	for (i = 0; i < l->cpu_cnt; i++)
		sum += l->per_cpu[i];
	return sum;
}

/*
 * A message that was cut (EV_LOST_MSG_CUT) came all the same; what cannot be parsed
 * (EV_LOST_PARSE), e.g. something else than IPv4 in a tunnel, is none of ours.
 */
uint64_t loader__lost(const struct loader *l, uint64_t *ret_messages)
{
	uint64_t messages = counter(l, EV_LOST_MSG);

	if (ret_messages)
		*ret_messages = messages;
	return messages + counter(l, EV_LOST_PATH) + counter(l, EV_LOST_DROP) +
	       counter(l, EV_LOST_FIB) + counter(l, EV_LOST_BGP) + counter(l, EV_LOST_RES);
}

uint64_t loader__withheld(const struct loader *l, uint64_t *ret_cut)
{
	uint64_t cut = counter(l, EV_HELD_CUT);

	if (ret_cut)
		*ret_cut = cut;
	return cut + counter(l, EV_HELD_SHED);
}

int loader__held_next(const struct loader *l, const struct ev_held *after, struct ev_held *key,
		      uint64_t *ret_sum)
{
	uint64_t sum = 0;

	if (bpf_map_get_next_key(l->held_fd, after, key))
		return -errno;
	if (bpf_map_lookup_elem(l->held_fd, key, l->per_cpu))
		return -errno;
	for (int i = 0; i < l->cpu_cnt; i++)
		sum += l->per_cpu[i];
	*ret_sum = sum;
	return 0;
}

void loader__shed(struct loader *l, uint32_t kind, uint32_t level)
{
	uint32_t mask = level ? UINT32_MAX >> (32 - level) : 0;

	__atomic_store_n(&l->life->shed[kind], mask, __ATOMIC_RELAXED);
}

void loader__beat(struct loader *l)
{
	__atomic_store_n(&l->life->beat_ns, mono_ns(), __ATOMIC_RELAXED);
}

uint64_t loader__inert(const struct loader *l)
{
	return counter(l, EV_INERT);
}

int loader__symbol(void *loader, uint64_t addr, char *name, size_t size)
{
	int fd = program_fd(loader, PROG_SYM);
	struct ev_sym s = { .addr = addr };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &s, .ctx_size_in = sizeof(s));

	if (fd < 0)
		return -EOPNOTSUPP;
	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	if (opts.retval)
		return -EINVAL;
	snprintf(name, size, "%.*s", EV_SYM_LEN, s.name);
	return 0;
}

void loader__free(struct loader *l)
{
	enum prog p;

	if (!l)
		return;
	for (p = 0; p < PROG_MAX; p++)
		bpf_link__destroy(l->link[p]);
	if (l->life)
		munmap(l->life, sizeof(*l->life));
	ring_buffer__free(l->ring);
	bpf_object__close(l->obj);
	free(l->per_cpu);
	free(l);
}
