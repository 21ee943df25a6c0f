/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters of another owner: what a node may have besides calitrace.
 *
 *   labtool filter DEVICE ingress|egress PRIORITY ip|arp PROGRAM [ADDRESS]
 *   labtool xdp DEVICE
 *
 * The programs are a dozen instructions, written out here so that neither a compiler nor a
 * file system for pinning is needed where the lab runs.  "filter" makes the clsact qdisc if
 * there is none, and says so with the word "qdisc": who made it may remove it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "labtool.h"

/* ---- programs ---- */

#define INSN(c, d, s, o, i)                                                         \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define MOV(reg, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define COPY(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define ADD(reg, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, value)
#define LOAD(size, to, from, off) INSN(BPF_LDX | BPF_MEM | (size), to, from, off, 0)
#define JUMP_EQ(reg, value, off) INSN(BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, off, value)
#define JUMP_NE(reg, value, off) INSN(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, off, value)
#define JUMP_GT(a, b, off) INSN(BPF_JMP | BPF_JGT | BPF_X, a, b, off, 0)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum {
	AT_IP_PROTOCOL = ETH_HLEN + 9,
	AT_IP_CHECK = ETH_HLEN + 10,
	AT_UDP_CHECK = ETH_HLEN + 20 + 6,
	/* behind UDP, VXLAN, and the inner packet's Ethernet */
	AT_VXLAN_PROTOCOL = ETH_HLEN + 20 + 8 + 8 + ETH_HLEN + 9,
	AT_ARP_SENDER = ETH_HLEN + 14,
};

static const struct bpf_insn drop[] = { MOV(0, TC_ACT_SHOT), EXIT };

/* Ends the chain, so that no filter behind it sees the packet. */
static const struct bpf_insn pass[] = { MOV(0, TC_ACT_OK), EXIT };

/* A checksum that is right for one header in 65536. */
static const struct bpf_insn corrupt[] = {
	INSN(BPF_ST | BPF_MEM | BPF_H, 10, 0, -8, 0xdead),
	MOV(2, AT_IP_CHECK),
	COPY(3, 10),
	ADD(3, -8),
	MOV(4, 2),
	MOV(5, 0),
	CALL(BPF_FUNC_skb_store_bytes),
	MOV(0, TC_ACT_OK),
	EXIT,
};

/*
 * The UDP checksum of VXLAN's packets, but for those that carry ICMP: what comes of a network card, or a
 * driver, that was to make it for TCP and UDP in the tunnel. Others' filters go on.
 */
static const struct bpf_insn corrupt_vxlan[] = {
	COPY(6, 1),
	INSN(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, AT_IP_PROTOCOL),
	JUMP_NE(0, 17, 10),
	INSN(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, AT_VXLAN_PROTOCOL),
	JUMP_EQ(0, 1, 8),
	INSN(BPF_ST | BPF_MEM | BPF_H, 10, 0, -8, 0xdead),
	COPY(1, 6),
	MOV(2, AT_UDP_CHECK),
	COPY(3, 10),
	ADD(3, -8),
	MOV(4, 2),
	MOV(5, 0),
	CALL(BPF_FUNC_skb_store_bytes),
	MOV(0, TC_ACT_UNSPEC),
	EXIT,
};

/* ARP of one sender; the address is patched in. */
enum {
	SENDER_INSN = 2
};
static struct bpf_insn drop_sender[] = {
	COPY(6, 1),
	INSN(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, AT_ARP_SENDER),
	JUMP_EQ(0, 0, 2),
	MOV(0, TC_ACT_OK),
	EXIT,
	MOV(0, TC_ACT_SHOT),
	EXIT,
};

/* ARP goes on, or the pod would in time forget its gateway, which is another fault. */
static const struct bpf_insn xdp_drop[] = {
	LOAD(BPF_W, 2, 1, 0), /* data */
	LOAD(BPF_W, 3, 1, 4), /* data_end */
	COPY(4, 2),
	ADD(4, ETH_HLEN),
	JUMP_GT(4, 3, 4),
	LOAD(BPF_H, 5, 2, 12),
	JUMP_NE(5, __builtin_bswap16(ETH_P_IP), 2),
	MOV(0, XDP_DROP),
	EXIT,
	MOV(0, XDP_PASS),
	EXIT,
};

static int load(int type, const struct bpf_insn *insns, size_t size)
{
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insns,
		.insn_cnt = size / sizeof(*insns),
		.license = (uintptr_t) "GPL",
		.prog_name = "lab_fault",
	};
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd;

	/* up to 5.10 programs count as locked memory */
	setrlimit(RLIMIT_MEMLOCK, &all);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		die("loading a BPF program: %s", strerror(errno));
	return fd;
}

/* ---- netlink ---- */

struct request {
	struct nlmsghdr h;
	union {
		struct tcmsg tc;
		struct ifinfomsg link;
		char room[512];
	};
};

static struct nlattr *add(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(a + 1, data, len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void end_nested(struct request *r, struct nlattr *a)
{
	a->nla_len = (char *)r + r->h.nlmsg_len - (char *)a;
}

/* 0 or -errno, as the kernel acknowledges it */
static int talk(struct request *r)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char room[1024];
	} reply;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err = -EPROTO;

	if (fd < 0)
		die("netlink: %s", strerror(errno));

	r->h.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(fd, r, r->h.nlmsg_len, 0) < 0)
		err = -errno;
	else if (recv(fd, &reply, sizeof(reply), 0) > 0 && reply.h.nlmsg_type == NLMSG_ERROR)
		err = reply.e.error;
	close(fd);
	return err;
}

static int device_index(const char *name)
{
	int index = if_nametoindex(name);

	if (!index)
		die("no device %s", name);
	return index;
}

static struct request tc_request(int type, int index)
{
	return (struct request){
		.h = { .nlmsg_type = type,
		       .nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
		       .nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL },
		.tc = { .tcm_ifindex = index },
	};
}

static bool add_clsact(int index)
{
	struct request r = tc_request(RTM_NEWQDISC, index);
	int err;

	r.tc.tcm_parent = TC_H_CLSACT;
	r.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	add(&r, TCA_KIND, "clsact", sizeof("clsact"));
	err = talk(&r);
	if (err && err != -EEXIST)
		die("clsact: %s", strerror(-err));
	return !err;
}

static void add_filter(int index, bool ingress, int priority, int protocol, int prog)
{
	struct request r = tc_request(RTM_NEWTFILTER, index);
	uint32_t fd = prog, flags = TCA_BPF_FLAG_ACT_DIRECT;
	struct nlattr *options;
	int err;

	r.tc.tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	r.tc.tcm_info = TC_H_MAKE((uint32_t)priority << 16, htons(protocol));
	add(&r, TCA_KIND, "bpf", sizeof("bpf"));
	options = add(&r, TCA_OPTIONS, NULL, 0);
	add(&r, TCA_BPF_FD, &fd, sizeof(fd));
	add(&r, TCA_BPF_NAME, "lab_fault", sizeof("lab_fault"));
	add(&r, TCA_BPF_FLAGS, &flags, sizeof(flags));
	end_nested(&r, options);
	err = talk(&r);
	if (err)
		die("filter: %s", strerror(-err));
}

static int load_filter(const char *name, const char *sender)
{
	if (!strcmp(name, "drop"))
		return load(BPF_PROG_TYPE_SCHED_CLS, drop, sizeof(drop));
	if (!strcmp(name, "pass"))
		return load(BPF_PROG_TYPE_SCHED_CLS, pass, sizeof(pass));
	if (!strcmp(name, "corrupt"))
		return load(BPF_PROG_TYPE_SCHED_CLS, corrupt, sizeof(corrupt));
	if (!strcmp(name, "corrupt-vxlan"))
		return load(BPF_PROG_TYPE_SCHED_CLS, corrupt_vxlan, sizeof(corrupt_vxlan));
	if (!strcmp(name, "drop-sender") && sender) {
		drop_sender[SENDER_INSN].imm = ntohl(address(sender).sin_addr.s_addr);
		return load(BPF_PROG_TYPE_SCHED_CLS, drop_sender, sizeof(drop_sender));
	}
	die("no such filter: %s", name);
}

/* DEVICE ingress|egress PRIORITY ip|arp PROGRAM [ADDRESS] */
int cmd_filter(int argc, char **argv)
{
	int index, prog;

	if (argc < 5 || argc > 6)
		die("filter DEVICE ingress|egress PRIORITY ip|arp PROGRAM [ADDRESS]");
	index = device_index(argv[0]);
	prog = load_filter(argv[4], argv[5]);
	if (add_clsact(index))
		puts("qdisc");
	add_filter(index, !strcmp(argv[1], "ingress"), number(argv[2]),
		   strcmp(argv[3], "arp") ? ETH_P_IP : ETH_P_ARP, prog);
	return 0;
}

int cmd_xdp(const char *dev)
{
	struct request r = {
		.h = { .nlmsg_type = RTM_SETLINK,
		       .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)) },
		.link = { .ifi_index = device_index(dev) },
	};
	uint32_t fd = load(BPF_PROG_TYPE_XDP, xdp_drop, sizeof(xdp_drop));
	uint32_t flags = XDP_FLAGS_SKB_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST;
	struct nlattr *xdp = add(&r, IFLA_XDP | NLA_F_NESTED, NULL, 0);
	int err;

	add(&r, IFLA_XDP_FD, &fd, sizeof(fd));
	add(&r, IFLA_XDP_FLAGS, &flags, sizeof(flags));
	end_nested(&r, xdp);
	err = talk(&r);
	if (err)
		die("XDP on %s: %s", dev, strerror(-err));
	return 0;
}
