// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hangs the programs of floor.bpf.o where calitrace has its own, and waits for SIGINT:
 *
 *   floor OBJECT empty|filter|record tcx|clsact DEVICE...
 *
 * Prints "ready", and at the end "seen=N lost=N".
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* enum bpf_attach_type, since Linux 6.6 */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

struct floor {
	struct bpf_object *obj;
	struct bpf_program *tc;
	struct ring_buffer *ring;
	bool tcx;
	int devs;
	char **dev;
	unsigned long long seen;
};

static volatile sig_atomic_t stop;

static void on_signal(int s)
{
	(void)s;
	stop = 1;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct floor *f = ctx;

	(void)data;
	(void)len;
	f->seen++;
	return 0;
}

/* libbpf 1.1 knows no TCX. The link goes with its descriptor, which is left to the process' end. */
static int attach_tcx(const struct floor *f, int ifindex)
{
	int fd = bpf_program__fd(f->tc);

	return bpf_link_create(fd, ifindex, TCX_INGRESS, NULL) < 0 ||
			       bpf_link_create(fd, ifindex, TCX_EGRESS, NULL) < 0 ?
		       -errno :
		       0;
}

static int attach_clsact(const struct floor *f, int ifindex)
{
	static const enum bpf_tc_attach_point points[] = { BPF_TC_INGRESS, BPF_TC_EGRESS };
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = points[i]);
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(f->tc), .handle = 1,
			    .priority = 40000);

		err = bpf_tc_hook_create(&hook);
		if (!err || err == -EEXIST)
			err = bpf_tc_attach(&hook, &opts);
	}
	return err;
}

/* The qdisc as well: the devices are the benchmark's own. */
static void detach_clsact(const struct floor *f)
{
	for (int i = 0; i < f->devs; i++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(f->dev[i]),
			    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

		(void)bpf_tc_hook_destroy(&hook);
	}
}

static int attach(struct floor *f)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, f->obj)
	{
		if (!bpf_program__autoload(p))
			continue;
		if (bpf_program__type(p) == BPF_PROG_TYPE_SCHED_CLS)
			f->tc = p;
		else if (!bpf_program__attach(p))
			return -errno;
	}
	for (int i = 0; i < f->devs; i++) {
		int ifindex = (int)if_nametoindex(f->dev[i]);
		int err = !ifindex ? -ENODEV :
			  f->tcx   ? attach_tcx(f, ifindex) :
				     attach_clsact(f, ifindex);

		if (err)
			return err;
	}
	return 0;
}

static int load(struct floor *f, const char *path, const char *kind)
{
	struct bpf_program *p;

	f->obj = bpf_object__open_file(path, NULL);
	if (!f->obj)
		return -errno;
	bpf_object__for_each_program(p, f->obj)
		bpf_program__set_autoload(p, !strncmp(bpf_program__name(p), kind, strlen(kind)));
	return bpf_object__load(f->obj);
}

static int watch(struct floor *f)
{
	struct bpf_map *ring = bpf_object__find_map_by_name(f->obj, "ring");

	f->ring = ring_buffer__new(bpf_map__fd(ring), on_record, f, NULL);
	if (!f->ring)
		return -errno;
	puts("ready");
	fflush(stdout);
	while (!stop) {
		(void)ring_buffer__consume(f->ring);
		usleep(5000);
	}
	(void)ring_buffer__consume(f->ring);
	return 0;
}

/* Of .bss: hits, lost */
static unsigned long long bss(const struct floor *f, int what)
{
	struct bpf_map *m = bpf_object__find_map_by_name(f->obj, ".bss");
	unsigned long long value[2] = {};
	__u32 zero = 0;

	if (!m || bpf_map_lookup_elem(bpf_map__fd(m), &zero, value))
		return 0;
	return value[what];
}

int main(int argc, char **argv)
{
	struct floor f = { .devs = argc - 4, .dev = argv + 4 };
	int err;

	if (argc < 5) {
		fprintf(stderr, "usage: floor OBJECT empty|filter|record tcx|clsact DEVICE...\n");
		return 2;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	f.tcx = !strcmp(argv[3], "tcx");
	err = load(&f, argv[1], argv[2]);
	if (!err)
		err = attach(&f);
	if (!err)
		err = watch(&f);
	if (!f.tcx)
		detach_clsact(&f);
	if (err) {
		fprintf(stderr, "floor: %s\n", strerror(-err));
		return 1;
	}
	printf("seen=%llu lost=%llu\n", f.seen ? f.seen : bss(&f, 0), bss(&f, 1));
	return 0;
}
