// SPDX-License-Identifier: GPL-2.0-only
/* A replay before it runs: which file is a part of which run, what the engines are to know. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "baseline.h"
#include "replay_priv.h"
#include "util.h"

#define REPLY_TIMEOUT_NS (2 * NS_PER_S)

static int by_part(const void *a, const void *b)
{
	const struct replay_file *const *fa = a, *const *fb = b;
	uint32_t pa = (*fa)->meta.part, pb = (*fb)->meta.part;

	return pa < pb ? -1 : pa > pb;
}

static int check_parts(struct rnode *n, char *why, size_t why_sz)
{
	qsort(n->file, n->file_cnt, sizeof(struct replay_file *), by_part);
	for (uint32_t i = 1; i < n->file_cnt; i++) {
		const struct replay_file *a = n->file[i - 1], *b = n->file[i];

		if (a->meta.part == b->meta.part) {
			snprintf(why, why_sz, "%s: the same part of the same capture as %s",
				 b->path, a->path);
			return -EINVAL;
		}
		if (a->meta.part + 1 == b->meta.part)
			continue;
		log_warn("%s: what was captured between %s and it is missing", b->path, a->path);
		n->pub.gap = true;
	}
	return 0;
}

static struct rnode *find_run(const struct replay *r, const struct cap_meta *m)
{
	for (uint32_t i = 0; i < r->node_cnt && !m->foreign; i++)
		if (!r->node[i]->file[0]->meta.foreign && r->node[i]->file[0]->meta.run == m->run)
			return r->node[i];
	return NULL;
}

static struct rnode *add_node(struct replay *r)
{
	struct rnode **list = realloc(r->node, (r->node_cnt + 1) * sizeof(struct rnode *));
	struct rnode *n = calloc(1, sizeof(*n));

	if (list)
		r->node = list;
	if (n)
		n->file = calloc(r->files.cnt, sizeof(struct replay_file *));
	if (!list || !n || !n->file) {
		if (n)
			free(n->file);
		free(n);
		return NULL;
	}
	n->r = r;
	n->pub.idx = r->node_cnt;
	n->pub.command_status = -1;
	r->node[r->node_cnt++] = n;
	return n;
}

static int make_nodes(struct replay *r)
{
	for (uint32_t i = 0; i < r->files.cnt; i++) {
		struct replay_file *f = r->files.file[i];
		struct rnode *n = find_run(r, &f->meta);

		if (!n)
			n = add_node(r);
		if (!n)
			return -ENOMEM;
		n->file[n->file_cnt++] = f;
	}
	return 0;
}

static int open_filter(struct rnode *n, char *why, size_t why_sz)
{
	const struct opts *o = n->r->ro.o;
	const struct cap_meta *m = n->pub.meta;
	struct filter_opts fo = opts_filter(o);
	char said[300];
	int err;

	if (!o->filter[0])
		fo.expr = m->filter;
	if (!o->pod) {
		fo.pod_dev = m->pod_dev;
		fo.pod_addr = addr_is_set(&m->pod_addr) ? &m->pod_addr : NULL;
	}
	if (!m->foreign)
		memcpy(fo.dns_port, m->dns_port, sizeof(fo.dns_port));
	err = filter__new(&fo, &n->filter, said, sizeof(said));
	if (err == -EINVAL)
		snprintf(why, why_sz, "%s: %s", n->pub.path, said);
	return err;
}

static int open_engine(struct rnode *n)
{
	const struct opts *o = n->r->ro.o;
	const struct cap_meta *m = n->pub.meta;
	struct engine_opts eo = {
		.reply_timeout_ns = o->timeout_given	? o->reply_timeout_ns :
				    m->reply_timeout_ns ? m->reply_timeout_ns :
							  REPLY_TIMEOUT_NS,
		.all = n->r->ro.all,
		.emit = replay_record,
		.emit_ctx = n,
	};

	memcpy(eo.dns_port, m->foreign ? o->dns_port : m->dns_port, sizeof(eo.dns_port));
	if (o->filter[0] || o->pod || m->filter[0] || m->pod[0]) {
		eo.match = filter__bits;
		eo.wants = filter__wants;
		eo.match_ctx = n->filter;
	}
	return engine__new(&eo, &n->pub.engine);
}

static void on_baseline(void *ctx, const struct obs *o)
{
	struct rnode *n = ctx;

	engine__feed(n->pub.engine, o);
}

/* Memory comes first; of foreign packets nobody knows which node they are from. */
static int recall(struct rnode *n, char *why, size_t why_sz)
{
	const struct cap_meta *m = n->pub.meta;
	const struct baseline_run br = { m->node, m->mono_ns, m->wall_offset_ns };

	return m->foreign ? 0 : baseline__feed(n->r->ro.o, &br, on_baseline, n, why, why_sz);
}

static int open_node(struct rnode *n, char *why, size_t why_sz)
{
	int err = check_parts(n, why, why_sz);

	if (err)
		return err;
	for (uint32_t i = 1; i < n->file_cnt; i++)
		replay_file__park(n->file[i]);
	n->pub.meta = &n->file[0]->meta;
	n->pub.name = n->pub.meta->node;
	n->pub.path = n->file[0]->path;
	n->pub.wall_offset_ns = n->pub.meta->wall_offset_ns;
	n->until_ns = UINT64_MAX;
	err = open_filter(n, why, why_sz);
	if (!err)
		err = open_engine(n);
	return err ? err : recall(n, why, why_sz);
}

int replay__open(const struct replay_opts *ro, struct replay **ret, char *why, size_t why_sz)
{
	struct replay *r = calloc(1, sizeof(*r));
	int err;

	snprintf(why, why_sz, "out of memory");
	if (!r)
		return -ENOMEM;
	r->ro = *ro;
	err = replay_files__open(&r->files, ro->file, ro->file_cnt, why, why_sz);
	if (!err)
		err = make_nodes(r);
	for (uint32_t i = 0; !err && i < r->node_cnt; i++)
		err = open_node(r->node[i], why, why_sz);
	if (err) {
		replay__free(r);
		return err;
	}
	why[0] = '\0';
	*ret = r;
	return 0;
}

void replay__free(struct replay *r)
{
	if (!r)
		return;
	replay_cluster__free(r);
	for (uint32_t i = 0; i < r->node_cnt; i++) {
		engine__free(r->node[i]->pub.engine);
		filter__free(r->node[i]->filter);
		free(r->node[i]->file);
		free(r->node[i]);
	}
	free(r->node);
	replay_files__free(&r->files);
	free(r);
}

uint32_t replay__node_cnt(const struct replay *r)
{
	return r->node_cnt;
}

struct replay_node *replay__node(struct replay *r, uint32_t idx)
{
	return idx < r->node_cnt ? &r->node[idx]->pub : NULL;
}
