// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capture files: how fast they are written and read, and files for tests to read.
 *
 *   capfile bench [PACKETS]          write to and read from the page cache; ratios and times
 *   capfile write FILE PACKETS       a file that looks like a trace
 *   capfile read FILE                what is in it, one line
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../../bpf/events.h"
#include "addr.h"
#include "capfile.h"
#include "traffic.h"
#include "util.h"

#define T0 (1000 * NS_PER_S)
#define WALL_OFFSET (1586484262ll * (int64_t)NS_PER_S)
#define NETNS 4026531840u
#define PODS 10

static struct addr ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct addr){ .b = { a, b, c, d }, .family = 4 };
}

static void write_link(struct capw *w, uint32_t ifindex, const char *name)
{
	struct obs o = { .kind = OBS_LINK, .ts_ns = T0 };

	o.link.op = LINK_ADD;
	o.link.snapshot = true;
	o.link.link = (struct link_info){ .ifindex = ifindex, .mtu = 1480, .up = true };
	snprintf(o.link.link.name, sizeof(o.link.link.name), "%s", name);
	capw__obs(w, &o);
}

static void begin(struct capw *w)
{
	static const char *const argv[] = { "calitrace", "capture", NULL };
	static const char *const ifaces[] = { "eth0", "tunl0", NULL }, *const none[] = { NULL };
	struct cap_meta m = {
		.node = "k8s02",
		.version = "bench",
		.kernel = "6.1.0",
		.mono_ns = T0,
		.wall_offset_ns = WALL_OFFSET,
		.reply_timeout_ns = 2 * NS_PER_S,
		.apps = 7,
		.dns_port = { 53 },
		.netns = NETNS,
		.argv = argv,
	};
	struct obs o = { .kind = OBS_END_SNAPSHOT, .ts_ns = T0 };
	char name[DEV_LEN];

	capw__meta(w, &m);
	write_link(w, 2, "eth0");
	write_link(w, 3, "tunl0");
	for (uint32_t i = 0; i < PODS; i++) {
		snprintf(name, sizeof(name), "cali%011x", i * 2654435761u);
		write_link(w, 10 + i, name);
	}
	capw__obs(w, &o);
	capw__ready(w, &(struct cap_ready){ T0, ifaces, none, none });
}

/* A DNS query as far as it has been read: 20 + 8 + 12 + name */
static void fill_snap(struct obs_pkt *p)
{
	static const uint8_t head[] = { 0x45, 0, 0, 83, 0, 0, 0x40, 0, 63, 17, 0, 0 };
	static const uint8_t name[] = "\3www\7example\3com\3svc\7cluster\5local";
	uint8_t *b = p->snap;

	memset(b, 0, 84);
	memcpy(b, head, sizeof(head));
	memcpy(b + 12, p->src.b, 4);
	memcpy(b + 16, p->dst.b, 4);
	b[20] = (uint8_t)(p->sport >> 8);
	b[21] = (uint8_t)p->sport;
	b[22] = (uint8_t)(p->dport >> 8);
	b[23] = (uint8_t)p->dport;
	b[25] = 63;
	b[28] = (uint8_t)(p->dns_id >> 8);
	b[29] = (uint8_t)p->dns_id;
	b[30] = (uint8_t)(p->dns_flags >> 8);
	b[33] = 1;
	memcpy(b + 40, name, sizeof(name));
	b[40 + sizeof(name) + 1] = 1;
	b[40 + sizeof(name) + 3] = 1;
	p->snap_len = (uint16_t)(40 + sizeof(name) + 4);
	p->ip_len = p->snap_len;
	b[3] = (uint8_t)p->ip_len;
	b[25] = (uint8_t)(p->ip_len - 20);
	p->flags |= EV_F_SNAP;
}

/* Queries and replies of DNS and pings, at a pod's device and at the tunnel, some of them dropped */
static void packet(struct obs *o, uint32_t n)
{
	struct obs_pkt *p = &o->pkt;
	bool reply = n & 1, tunnel = n & 2, dns = n & 4;
	uint32_t pod = n / 8 % PODS, id = n / 8;
	struct addr a = ip4(10, 253, 65, (uint8_t)(64 + pod)), b = ip4(10, 253, 181, 10);

	memset(o, 0, offsetof(struct obs, pkt) + offsetof(struct obs_pkt, snap));
	o->kind = n % 64 == 63 ? OBS_DROP : OBS_PATH;
	o->ts_ns = T0 + n * 1000ull;
	*p = (struct obs_pkt){
		.skb = 0xffff888000000000 + n * 256ull,
		.netns = NETNS,
		.ifindex = tunnel ? 3 : 10 + pod,
		.flags = EV_F_NODE_NETNS | EV_F_DST | EV_F_DF | (reply ? EV_F_CT_REPLY : 0),
		.hook = tunnel ? AT_TC_EGRESS : AT_TC_INGRESS,
		.proto = dns ? 17 : 1,
		.ttl = 63,
		.icmp_type = dns || reply ? 0 : 8,
		.dst_type = 1,
		.dst_oif = tunnel ? 2 : 3,
		.iif = tunnel ? 10 + pod : 0,
		.gw = ip4(10, 2, 7, 200),
		.src = reply ? b : a,
		.dst = reply ? a : b,
		.sport = dns ? (reply ? 53 : (uint16_t)(32768 + id % 20000)) : 7,
		.dport = dns ? (reply ? (uint16_t)(32768 + id % 20000) : 53) : (uint16_t)id,
		.ip_id = (uint16_t)n,
		.ip_len = 84,
		.dns_id = dns ? (uint16_t)id : 0,
		.dns_flags = dns ? (reply ? 0x8180 : 0x0100) : 0,
	};
	if (tunnel) {
		p->encap = ENCAP_IPIP;
		p->osrc = ip4(10, 2, 7, 201);
		p->odst = ip4(10, 2, 7, 200);
	}
	if (o->kind == OBS_DROP) {
		p->hook = AT_DROP;
		memcpy(p->reason, "NETFILTER_DROP", 15);
		memcpy(p->location, "nf_hook_slow", 13);
	}
	if (dns)
		fill_snap(p);
}

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Observations are made in batches, whose time does not count. */
#define BATCH 512

static int write_packets(struct capw *w, uint32_t packets, double *cpu_s)
{
	struct obs *batch = calloc(BATCH, sizeof(*batch));
	int err = batch ? 0 : -ENOMEM;

	*cpu_s = 0;
	for (uint32_t n = 0; n < packets && !err;) {
		uint32_t cnt = packets - n < BATCH ? packets - n : BATCH;
		double start;

		for (uint32_t i = 0; i < cnt; i++)
			packet(&batch[i], n + i);
		start = cpu_now();
		for (uint32_t i = 0; i < cnt && !err; i++)
			err = capw__obs(w, &batch[i]);
		*cpu_s += cpu_now() - start;
		n += cnt;
	}
	free(batch);
	return err;
}

static int write_file(const char *path, uint32_t packets, double *cpu_s, uint64_t *bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct capw_opts o = { .put = bench_put, .ctx = &fd };
	uint64_t end_ns = T0 + (packets + 1) * 1000ull;
	struct capw *w;
	int err;

	if (fd < 0)
		return -errno;
	err = capw__new(&o, &w);
	if (!err) {
		begin(w);
		err = write_packets(w, packets, cpu_s);
		capw__finish(w, &(struct cap_finish){ end_ns, -1, false });
		capw__end(w, &(struct cap_end){ end_ns, capw__packets(w), false, "bench" });
		*bytes = capw__bytes(w);
		capw__free(w);
	}
	close(fd);
	return err;
}

static int read_file(const char *path, uint64_t *packets, uint64_t *others)
{
	char why[512] = "";
	const struct cap_item *i;
	struct capr *r;
	int got = capr__open(path, &r, why, sizeof(why));

	*packets = *others = 0;
	if (!got) {
		while ((got = capr__next(r, &i, why, sizeof(why))) > 0) {
			if (i->kind == CAP_OBS &&
			    (i->obs.kind == OBS_PATH || i->obs.kind == OBS_DROP))
				++*packets;
			else
				++*others;
		}
		capr__free(r);
	}
	if (got)
		fprintf(stderr, "%s\n", why);
	return got;
}

static int bench(const char *path, uint32_t packets)
{
	double written = 0, best = 0, best_read = 0, start, took;
	uint64_t bytes = 0, got, others;
	struct rusage ru;

	for (int round = 0; round < 5; round++) {
		if (write_file(path, packets, &written, &bytes))
			return 1;
		start = cpu_now();
		if (read_file(path, &got, &others) || got != packets)
			return 1;
		took = cpu_now() - start;
		best = !round || written < best ? written : best;
		best_read = !round || took < best_read ? took : best_read;
	}
	getrusage(RUSAGE_SELF, &ru);
	printf("capfile: %u packets, %.1f octets each; best of 5 rounds, CPU time\n", packets,
	       (double)bytes / packets);
	printf("capfile: write %.3f us a packet, %.0f MB/s; read %.3f us a packet, %.0f MB/s; "
	       "peak %ld KiB\n",
	       best / packets * 1e6, (double)bytes / best / 1e6, best_read / packets * 1e6,
	       (double)bytes / best_read / 1e6, ru.ru_maxrss);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: capfile bench [PACKETS] | write FILE PACKETS | read FILE\n");
	return 2;
}

static int bench_tmp(uint32_t packets)
{
	char path[] = "/tmp/calitrace-bench-XXXXXX";
	int fd = mkstemp(path), status;

	if (fd < 0)
		return 1;
	close(fd);
	status = bench(path, packets);
	unlink(path);
	return status;
}

int main(int argc, char **argv)
{
	uint64_t packets = 1000000, got, others, bytes;
	const char *verb = argc > 1 ? argv[1] : "";
	int status;
	double cpu_s;

	if (!strcmp(verb, "read") && argc == 3) {
		status = read_file(argv[2], &got, &others);
		printf("%llu packets, %llu others\n", (unsigned long long)got,
		       (unsigned long long)others);
		return status != 0;
	}
	if (!strcmp(verb, "write") && argc == 4) {
		if (parse_u64(argv[3], 0, 100000000, &packets))
			return usage();
		return write_file(argv[2], (uint32_t)packets, &cpu_s, &bytes) != 0;
	}
	if (strcmp(verb, "bench") || argc > 3 ||
	    (argc == 3 && parse_u64(argv[2], 1, 100000000, &packets)))
		return usage();
	return bench_tmp((uint32_t)packets);
}
