// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of the legacy iptables, see nfrules.h. Asking for a table makes the kernel load it, or bring
 * it into being in this namespace: only those that are listed as being there are asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hmap.h"
#include "nfrules.h"
#include "util.h"

#define NAMES "/proc/thread-self/net/ip_tables_names"
#define BLOB_MAX (16u << 20)
#define NAME_LEN 32

struct walk {
	struct nfrules *s;
	const struct nfr_blob *b;
	/* chains of this table, in the order of their first rules */
	struct start {
		uint32_t off, chain;
	} * start;
	uint32_t cnt, at;
};

/* False: it does not fit into what is left, or its parts do not fit into it */
static bool entry_at(const struct nfr_blob *b, uint32_t off, struct ipt_entry *e)
{
	if (off > b->len || b->len - off < sizeof(*e))
		return false;
	memcpy(e, b->data + off, sizeof(*e));
	return e->next_offset >= sizeof(*e) + sizeof(struct xt_entry_target) &&
	       e->next_offset <= b->len - off && e->target_offset >= sizeof(*e) &&
	       e->target_offset <= e->next_offset - sizeof(struct xt_entry_target);
}

struct target {
	char name[XT_EXTENSION_MAXNAMELEN];
	const uint8_t *data;
	size_t len;
};

static void target_of(const struct nfr_blob *b, uint32_t off, const struct ipt_entry *e,
		      struct target *t)
{
	struct xt_entry_target head;

	memcpy(&head, b->data + off + e->target_offset, sizeof(head));
	snprintf(t->name, sizeof(t->name), "%.*s", (int)strnlen(head.u.user.name, NAME_LEN - 4),
		 head.u.user.name);
	t->data = b->data + off + e->target_offset + sizeof(head);
	t->len = e->next_offset - e->target_offset - sizeof(head);
}

static int verdict_of(const struct target *t)
{
	int v = -1 - NF_ACCEPT;

	if (!t->name[0] && t->len >= sizeof(v))
		memcpy(&v, t->data, sizeof(v));
	return v;
}

static int builtin_of(const struct nfr_blob *b, uint32_t off)
{
	for (int i = 0; i < NF_INET_NUMHOOKS; i++)
		if (b->valid_hooks & 1u << i && b->hook_entry[i] == off)
			return i;
	return -1;
}

static bool is_policy(const struct nfr_blob *b, uint32_t off)
{
	for (int i = 0; i < NF_INET_NUMHOOKS; i++)
		if (b->valid_hooks & 1u << i && b->underflow[i] == off)
			return true;
	return false;
}

static int add_chain(struct walk *w, uint32_t off, const char *name, int hook)
{
	struct nfr_chain c = { .family = "ip", .entered = hook >= 0 };
	struct start *mem = realloc(w->start, (w->cnt + 1) * sizeof(*mem));
	int n;

	if (!mem)
		return -ENOMEM;
	w->start = mem;
	snprintf(c.table, sizeof(c.table), "%s", w->b->table);
	snprintf(c.name, sizeof(c.name), "%s", name);
	c.hooks = hook < 0 ? 0 : (uint8_t)(1 << (hook + NF_HOOK_PREROUTING));
	n = nfrules_chain(w->s, &c);
	if (n < 0)
		return n;
	w->start[w->cnt++] = (struct start){ off, (uint32_t)n };
	return 0;
}

/* Chains of users begin behind an entry that holds their name. */
static int find_chains(struct walk *w)
{
	static const char *const builtin[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT",
					       "POSTROUTING" };
	struct ipt_entry e;
	int hook, err = 0;

	for (uint32_t off = 0; !err && off < w->b->len; off += e.next_offset) {
		char name[NAME_LEN];
		struct target t;

		if (!entry_at(w->b, off, &e))
			return -EBADMSG;
		target_of(w->b, off, &e, &t);
		hook = builtin_of(w->b, off);
		if (hook >= 0) {
			err = add_chain(w, off, builtin[hook], hook);
		} else if (!strcmp(t.name, XT_ERROR_TARGET) && off + e.next_offset < w->b->len) {
			snprintf(name, sizeof(name), "%.*s",
				 (int)strnlen((const char *)t.data, t.len), (const char *)t.data);
			err = add_chain(w, off + e.next_offset, name, -1);
		}
	}
	return err;
}

static int chain_at(const struct walk *w, uint32_t off)
{
	uint32_t lo = 0, hi = w->cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (w->start[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < w->cnt && w->start[lo].off == off ? (int)w->start[lo].chain : -1;
}

/* ---- rules ---- */

static void add_addr(struct obs_nfrule *r, const char *opt, const struct in_addr *a,
		     const struct in_addr *mask, bool invert)
{
	uint8_t b[4];

	if (!mask->s_addr)
		return;
	memcpy(b, &a->s_addr, 4);
	nfr_word(r->text, sizeof(r->text), "%s%s %u.%u.%u.%u/%d", invert ? "! " : "", opt, b[0],
		 b[1], b[2], b[3], __builtin_popcount(mask->s_addr));
}

/* The mask has 0xff for each octet that counts, the terminating zero included; a '+' does not count. */
static void add_dev(struct obs_nfrule *r, const char *opt, const char *name,
		    const unsigned char *mask, bool invert, char *restricts)
{
	size_t len = strnlen(name, IFNAMSIZ - 1), n = 0;
	char text[DEV_LEN];

	while (n < IFNAMSIZ && mask[n])
		n++;
	if (!n)
		return;
	if (n > len)
		snprintf(text, sizeof(text), "%.*s", (int)len, name);
	else
		snprintf(text, sizeof(text), "%.*s*", (int)(n < DEV_LEN - 2 ? n : DEV_LEN - 2),
			 name);
	if (!invert)
		memcpy(restricts, text, DEV_LEN);
	nfr_word(r->text, sizeof(r->text), "%s%s %s", invert ? "! " : "", opt, text);
}

static void add_ip(struct obs_nfrule *r, const struct ipt_ip *ip)
{
	add_addr(r, "-s", &ip->src, &ip->smsk, ip->invflags & IPT_INV_SRCIP);
	add_addr(r, "-d", &ip->dst, &ip->dmsk, ip->invflags & IPT_INV_DSTIP);
	add_dev(r, "-i", ip->iniface, ip->iniface_mask, ip->invflags & IPT_INV_VIA_IN, r->in);
	add_dev(r, "-o", ip->outiface, ip->outiface_mask, ip->invflags & IPT_INV_VIA_OUT, r->out);
	if (ip->proto)
		nfr_word(r->text, sizeof(r->text), "-p %s",
			 ip->proto == 1	 ? "icmp" :
			 ip->proto == 6	 ? "tcp" :
			 ip->proto == 17 ? "udp" :
			 ip->proto == 4	 ? "ipencap" :
					   "...");
}

static void add_matches(struct obs_nfrule *r, const struct nfr_blob *b, uint32_t off,
			const struct ipt_entry *e)
{
	uint32_t at = sizeof(*e);
	struct xt_entry_match m;

	while (at + sizeof(m) <= e->target_offset) {
		char name[XT_EXTENSION_MAXNAMELEN];

		memcpy(&m, b->data + off + at, sizeof(m));
		if (m.u.match_size < sizeof(m) || m.u.match_size > e->target_offset - at)
			return;
		snprintf(name, sizeof(name), "%.*s", (int)strnlen(m.u.user.name, NAME_LEN - 4),
			 m.u.user.name);
		nfr_xt_match(r, name, m.u.user.revision, b->data + off + at + sizeof(m),
			     m.u.match_size - sizeof(m));
		at += m.u.match_size;
	}
}

/* The same rule in the next reading, wherever in its chain it stands then */
static uint64_t id_of(const struct walk *w, uint32_t off, const struct ipt_entry *e,
		      const struct obs_nfrule *r)
{
	uint64_t h = hash_bytes(r->table, strlen(r->table), 1);

	h = hash_bytes(r->chain, strlen(r->chain), h);
	h = hash_bytes(&e->ip, sizeof(e->ip), h);
	if (r->verdict == NFV_POLICY)
		return hash_bytes("policy", 6, h);
	return hash_bytes(w->b->data + off + sizeof(*e), e->target_offset - sizeof(*e), h);
}

static bool set_verdict(struct obs_nfrule *r, const struct target *t, bool policy)
{
	if (!strcmp(t->name, "REJECT"))
		r->verdict = NFV_REJECT;
	else if (!strcmp(t->name, "NFQUEUE"))
		r->verdict = NFV_QUEUE;
	else if (!t->name[0] && verdict_of(t) == -1 - NF_DROP)
		r->verdict = policy ? NFV_POLICY : NFV_DROP;
	else
		return false;
	return true;
}

static int take_entry(struct walk *w, uint32_t off, const struct ipt_entry *e, uint32_t chain)
{
	struct nfr_place p = { .chain = chain, .packets = e->counters.pcnt };
	struct nfr_chain *c = &w->s->chain[chain];
	bool policy = is_policy(w->b, off);
	struct obs_nfrule *r = &p.r;
	struct target t;
	int to;

	target_of(w->b, off, e, &t);
	c->rules += !policy;
	r->backend = NFB_LEGACY;
	r->counted = true;
	add_ip(r, &e->ip);
	add_matches(r, w->b, off, e);
	if (!c->about[0] &&
	    (!strncmp(r->comment, "Policy ", 7) || !strncmp(r->comment, "Profile ", 8)))
		snprintf(c->about, sizeof(c->about), "%s", r->comment);
	if (!t.name[0] && verdict_of(&t) >= 0) {
		to = chain_at(w, (uint32_t)verdict_of(&t));
		return to < 0 ? 0 : nfrules_edge(w->s, chain, (uint32_t)to);
	}
	if (!set_verdict(r, &t, policy))
		return 0;
	nfr_word(r->text, sizeof(r->text), "%s",
		 policy			  ? "policy DROP" :
		 r->verdict == NFV_REJECT ? "-j REJECT" :
		 r->verdict == NFV_QUEUE  ? "-j NFQUEUE" :
					    "-j DROP");
	snprintf(r->family, sizeof(r->family), "ip");
	snprintf(r->table, sizeof(r->table), "%s", c->table);
	snprintf(r->chain, sizeof(r->chain), "%s", c->name);
	r->number = policy ? 0 : c->rules;
	p.id = id_of(w, off, e, r);
	return nfrules_place(w->s, &p);
}

static int take_entries(struct walk *w)
{
	int chain = -1, next, err = 0;
	bool user = false;
	struct ipt_entry e;

	for (uint32_t off = 0; !err && off < w->b->len; off += e.next_offset) {
		struct target t;

		if (!entry_at(w->b, off, &e))
			return -EBADMSG;
		next = chain_at(w, off);
		if (next >= 0)
			chain = next;
		target_of(w->b, off, &e, &t);
		/* names of chains, and the end of the table; before it, the return from a user's chain */
		if (chain >= 0 && !strcmp(t.name, XT_ERROR_TARGET) && user)
			w->s->look.legacy_rules--;
		user = next < 0 ? user && strcmp(t.name, XT_ERROR_TARGET) :
				  builtin_of(w->b, off) < 0;
		if (chain < 0 || !strcmp(t.name, XT_ERROR_TARGET))
			continue;
		/* the policy that each chain ends with is a rule in there, and none to its owner */
		if (!is_policy(w->b, off) || verdict_of(&t) == -1 - NF_DROP)
			w->s->look.legacy_rules++;
		if (w->s->look.nft_rules + w->s->look.legacy_rules > NFRULES_MAX)
			return -E2BIG;
		err = take_entry(w, off, &e, (uint32_t)chain);
	}
	return err;
}

int nfr_legacy_table(struct nfrules *s, const struct nfr_blob *b)
{
	struct walk w = { .s = s, .b = b };
	int err = find_chains(&w);

	if (!err)
		err = take_entries(&w);
	free(w.start);
	return err;
}

/* ---- asking ---- */

static int ask_table(struct nfrules *s, int fd, const char *name)
{
	struct nfr_blob b = { .table = name };
	struct ipt_get_entries *get;
	struct ipt_getinfo info = { .valid_hooks = 0 };
	socklen_t len = sizeof(info);
	int err;

	snprintf(info.name, sizeof(info.name), "%s", name);
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len))
		return -errno;
	if (info.num_entries > 2 * NFRULES_MAX || info.size > BLOB_MAX)
		return -E2BIG;
	len = (socklen_t)(sizeof(*get) + info.size);
	get = calloc(1, len);
	if (!get)
		return -ENOMEM;
	snprintf(get->name, sizeof(get->name), "%s", name);
	get->size = info.size;
	/* EAGAIN: the table was changed between the two questions */
	err = getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, get, &len) ? -errno : 0;
	b.valid_hooks = info.valid_hooks;
	b.hook_entry = info.hook_entry;
	b.underflow = info.underflow;
	b.data = (const uint8_t *)get + offsetof(struct ipt_get_entries, entrytable);
	b.len = info.size;
	if (!err)
		err = nfr_legacy_table(s, &b);
	free(get);
	return err;
}

static ssize_t read_names(char *buf, size_t sz)
{
	int fd = open(NAMES, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = read(fd, buf, sz - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

int nfrules_legacy(struct nfrules *s)
{
	char names[256] = "", *rest = names, *name;
	ssize_t n = read_names(names, sizeof(names));
	int fd, err = 0;

	if (n <= 0)
		return (int)n;
	/* any socket of IPv4 may ask; a raw one would take CAP_NET_RAW */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (!err && (name = strsep(&rest, "\n")))
		if (name[0] && strlen(name) < NAME_LEN)
			err = ask_table(s, fd, name);
	close(fd);
	return err;
}
