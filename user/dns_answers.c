// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of DNS that say that the server cannot answer. No packet is lost, so these are no
 * problems of packets: a finding of their own is opened where SERVFAIL and REFUSED are more than
 * 5 % of at least 5 answers of a server within 10 s. That a name does not exist (NXDOMAIN) is a
 * good answer.
 */
#include "engine_priv.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"

#define RCODE_SERVFAIL 2
#define RCODE_REFUSED 5
#define ENOUGH 5  /* answers of the last seconds, to say anything */
#define ONE_IN 20 /* 5 % */

static struct dns_server *find(struct engine *e, const struct addr *a)
{
	for (uint32_t i = 0; i < e->dns_cnt; i++)
		if (addr_eq(&e->dns[i].addr, a))
			return &e->dns[i];
	return NULL;
}

/* One that is new takes the place of that which was silent for the longest time, if all are taken. */
static struct dns_server *get(struct engine *e, const struct addr *a)
{
	struct dns_server *d = find(e, a);

	if (d)
		return d;
	if (e->dns_cnt < DNS_SERVERS) {
		d = &e->dns[e->dns_cnt++];
	} else {
		d = &e->dns[0];
		for (uint32_t i = 1; i < DNS_SERVERS; i++)
			if (e->dns[i].last_ns < d->last_ns)
				d = &e->dns[i];
	}
	*d = (struct dns_server){ .addr = *a };
	return d;
}

const struct dns_server *dns_server(const struct engine *e, const struct addr *a)
{
	return find((struct engine *)e, a);
}

struct dns_second dns_counts(const struct dns_server *d, uint64_t now_ns)
{
	struct dns_second sum = { .s = now_ns / NSEC_PER_SEC };

	for (int i = 0; i < DNS_WINDOW_S; i++) {
		const struct dns_second *s = &d->second[i];

		if (s->s + DNS_WINDOW_S <= sum.s)
			continue;
		sum.answers += s->answers;
		sum.servfail += s->servfail;
		sum.refused += s->refused;
	}
	return sum;
}

static bool above(const struct dns_second *sum)
{
	return (sum->servfail + sum->refused) * (uint64_t)ONE_IN > sum->answers;
}

static void count(struct dns_server *d, uint8_t rcode, uint64_t ts_ns)
{
	uint64_t now = ts_ns / NSEC_PER_SEC;
	struct dns_second *s = &d->second[now % DNS_WINDOW_S];

	if (s->s != now)
		*s = (struct dns_second){ .s = now };
	s->answers++;
	s->servfail += rcode == RCODE_SERVFAIL;
	s->refused += rcode == RCODE_REFUSED;
	d->last_ns = ts_ns;
	if (rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED)
		d->bad_ns = ts_ns;
	else
		d->good_ns = ts_ns;
}

/* Those that opened it count, too. */
static void report(struct engine *e, struct dns_server *d, const struct dns_second *sum,
		   uint64_t ts_ns)
{
	char key[96], a[ADDR_STRLEN];
	struct fnd *f;
	bool fresh;

	snprintf(key, sizeof(key), "dns-upstream/%s", addr_str(&d->addr, a));
	f = finding_answers(e, key, ts_ns);
	if (!f)
		return;
	d->finding = f->f.id;
	fresh = !f->f.rev || f->f.recovered;
	f->example = d->addr;
	f->f.packets += fresh ? sum->servfail + sum->refused : 1;
	f->f.verdicts[V_DELIVERED] = f->f.apps[APP_DNS] = f->f.packets;
	f->f.last_ns = ts_ns;
	f->f.recovered = false;
	f->dirty = true;
	if (!fresh)
		return;
	e->urgent = true;
	cause_explain(e, f);
	finding_tell(e, f, e->now_ns);
}

static bool is_open(const struct engine *e, const struct dns_server *d)
{
	return d->finding && d->finding <= e->finding_cnt &&
	       !e->finding[d->finding - 1]->f.recovered;
}

void dns_answer(struct engine *e, const struct trk *reply)
{
	uint8_t rcode = reply->dns_flags & 15;
	struct dns_server *d;
	struct dns_second sum;

	/* who really gave it: behind a service's address stand several */
	d = get(e, &trk_first(reply)->src);
	count(d, rcode, reply->first_ns);
	if (rcode != RCODE_SERVFAIL && rcode != RCODE_REFUSED)
		return;
	d->asker = reply->dst;
	sum = dns_counts(d, reply->first_ns);
	if (is_open(e, d) || (sum.answers >= ENOUGH && above(&sum)))
		report(e, d, &sum, reply->first_ns);
}

const struct dns_server *dns_asked_by(const struct engine *e, const struct addr *a)
{
	for (uint32_t i = 0; i < e->dns_cnt; i++) {
		const struct dns_server *d = &e->dns[i];

		if (d->bad_ns && d->bad_ns + DNS_WINDOW_S * NSEC_PER_SEC > e->now_ns &&
		    addr_eq(&d->asker, a) && !addr_eq(&d->addr, a))
			return d;
	}
	return NULL;
}

bool dns_recovered(const struct engine *e, const struct fnd *f, uint64_t *since_ns)
{
	const struct dns_server *d = dns_server(e, &f->example);
	struct dns_second sum;

	/* silence is no cure */
	if (!d || d->good_ns <= f->f.last_ns)
		return false;
	sum = dns_counts(d, e->now_ns);
	*since_ns = e->now_ns;
	return !above(&sum);
}
