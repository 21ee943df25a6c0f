// SPDX-License-Identifier: GPL-2.0-only
/* The "change" and "diff" objects of the contract. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "render_diff.h"
#include "render_int.h"
#include "util.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII)

/* Bytes of a file that are no UTF-8 are shown as \xNN. */
static json_t *text(const char *s)
{
	char clean[4 * 600 + 1];
	json_t *str = json_string(s);

	if (str)
		return str;
	text_clean(clean, sizeof(clean), s);
	return json_string(clean);
}

static void put_text(json_t *o, const char *key, const char *s)
{
	if (s && *s)
		json_object_set_new(o, key, text(s));
}

static void put_int(json_t *o, const char *key, uint64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void put_addr(json_t *o, const char *key, const struct addr *a)
{
	char buf[ADDR_STRLEN];

	if (addr_is_set(a))
		put_text(o, key, addr_str(a, buf));
}

static void put_time(json_t *o, const char *key, const struct digest_node *n, uint64_t ns)
{
	struct render r = { .opts.wall_offset_ns = n ? n->wall_offset_ns : 0 };
	char buf[RFC3339_LEN];

	if (ns && n)
		put_text(o, key, rfc3339_str(&r, ns, buf));
}

static json_t *route(const struct digest_route *r)
{
	char protocol[WORD_LEN], type[WORD_LEN];
	json_t *o = json_object();

	put_addr(o, "gateway", &r->gw);
	put_text(o, "dev", r->dev);
	put_text(o, "protocol", route_protocol_name(r->protocol, protocol));
	put_text(o, "type", route_type_name(r->type, type));
	return o;
}

static json_t *peer(const struct view_peer *p)
{
	json_t *o = json_object();

	put_text(o, "peer_node", p->node);
	put_text(o, "state", p->state);
	put_text(o, "info", p->trouble);
	return o;
}

static json_t *link_of(const struct digest_link *l)
{
	json_t *o = json_object();

	put_text(o, "kind", l->kind);
	json_object_set_new(o, "up", json_boolean(l->up));
	json_object_set_new(o, "running", json_boolean(l->running));
	put_int(o, "mtu", l->mtu);
	return o;
}

static json_t *flow(const struct digest_flow *f, const struct digest_node *n)
{
	json_t *o = json_object(), *lost = json_object();

	put_int(o, "sent", f->sent);
	put_int(o, "answered", f->answered);
	if (f->late)
		put_int(o, "late", f->late);
	for (int v = 0; v < V_MAX; v++)
		if (f->lost[v])
			put_int(lost, verdict_name(v), f->lost[v]);
	if (f->bad)
		json_object_set(o, "lost", lost);
	json_decref(lost);
	put_time(o, "last_answered", n, f->good_ns);
	put_time(o, "last_lost", n, f->bad_ns);
	return o;
}

static json_t *finding(const struct finding *f)
{
	json_t *o = json_object(), *blocks = json_array();
	char buf[PREFIX_STRLEN];

	put_text(o, "state", f->recovered ? "recovered" : "open");
	put_text(o, "verdict", verdict_name(f->verdict));
	put_text(o, "cause", cause_name(f->cause));
	for (uint32_t i = 0; i < f->block_cnt; i++)
		json_array_append_new(blocks, text(prefix_str(&f->block[i], buf)));
	json_object_set_new(o, "blocks", blocks);
	put_int(o, "packets", f->packets);
	put_text(o, "explain", f->explain);
	return o;
}

static json_t *check(const struct check *c)
{
	json_t *o = json_object();

	put_text(o, "state", check_state_name(c->state));
	if (c->cause != C_UNKNOWN)
		put_text(o, "cause", cause_name(c->cause));
	put_text(o, "explain", c->explain);
	return o;
}

/* What one side has; NULL: nothing */
static json_t *side(const struct diff_side *s, const struct digest_node *n)
{
	if (s->route)
		return route(s->route);
	if (s->peer)
		return peer(s->peer);
	if (s->addr)
		return json_pack("{s:s}", "dev", s->addr->dev);
	if (s->link)
		return link_of(s->link);
	if (s->flow)
		return flow(s->flow, n);
	if (s->finding)
		return finding(s->finding);
	return s->check ? check(s->check) : NULL;
}

static int dump(FILE *out, json_t *o)
{
	int err = !o							   ? -ENOMEM :
		  json_dumpf(o, out, DUMP_FLAGS) || putc('\n', out) == EOF ? -EIO :
									     0;

	json_decref(o);
	return err;
}

static json_t *begin(const char *type)
{
	json_t *o = json_object();

	put_int(o, "v", 1);
	put_text(o, "type", type);
	return o;
}

static int change(const struct render_opts *ro, const struct diff *d, const struct diff_change *c)
{
	json_t *o = begin("change");
	json_t *before = side(&c->before, digest__find(d->before, c->node));
	json_t *after = side(&c->after, digest__find(d->after, c->node));

	put_text(o, "node", c->node);
	put_text(o, "what", diff_what_name(c->what));
	put_text(o, "key", c->key);
	if (before)
		json_object_set_new(o, "before", before);
	if (after)
		json_object_set_new(o, "after", after);
	put_text(o, "state", diff_state_name(c->state));
	if (c->wrong)
		json_object_set_new(o, "wrong", json_true());
	put_addr(o, "owner", &c->owner);
	put_text(o, "note", c->note);
	return dump(ro->out, o);
}

static int verdict(const struct render_opts *ro, const struct diff *d)
{
	json_t *o = begin("diff"), *doubts = json_array(), *changes = json_object();
	uint64_t cnt[DIFF_STATE_MAX] = { 0 };

	for (uint32_t i = 0; i < d->cnt; i++)
		cnt[d->change[i].state]++;
	for (int s = 0; s < DIFF_STATE_MAX; s++)
		put_int(changes, diff_state_name(s), cnt[s]);
	for (int i = 0; i < DOUBT_MAX; i++)
		if (d->doubt[i].cnt)
			json_array_append_new(doubts, text(d->doubt[i].text));
	put_int(o, "exit", (uint64_t)d->exit_status);
	put_text(o, "verdict", diff_verdict_name(d->verdict));
	put_text(o, "explain", d->head);
	json_object_set_new(o, "changes", changes);
	json_object_set_new(o, "doubts", doubts);
	put_text(o, "advice", d->next);
	return dump(ro->out, o);
}

int render_diff_json(const struct render_opts *ro, const struct diff *d, bool verbose)
{
	for (uint32_t i = 0; i < d->cnt && !ro->quiet; i++) {
		const struct diff_change *c = &d->change[i];
		int err = 0;

		if (verbose || c->state != DIFF_UNCHANGED)
			err = change(ro, d, c);
		if (err)
			return err;
	}
	return verdict(ro, d);
}
