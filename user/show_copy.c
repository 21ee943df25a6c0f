// SPDX-License-Identifier: GPL-2.0-only
/*
 * show -w: the file once more, with what became of each packet in its comment. Blocks wait in a queue
 * until their packet's verdict is final. The causes of findings are those of the end: the replay that
 * printed told them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"
#include "show.h"
#include "show_comment.h"
#include "util.h"

/* Ids of packets whose fate is remembered, a power of two; the engine itself keeps no more */
#define FATES 65536
#define HELD_BYTES_MAX (256u << 20)
/* A verdict may change that long after the reply was due; see engine_priv.h */
#define LATE_NS (30 * NS_PER_S)

struct held {
	void *block;
	size_t len;
	uint64_t id, ts_ns; /* id 0: no packet's, or of no packet that was followed */
	bool swapped;
};

struct fate {
	uint64_t id;
	uint8_t verdict;
	uint32_t finding;
};

struct copy {
	const struct opts *o;
	const struct show_causes *causes;
	struct outfile file;
	struct capw *out;
	struct fate *fate;
	struct held *queue; /* a ring, its size a power of two */
	size_t first, cnt, size, bytes;
	uint64_t hold_ns, newest, offset;
	bool any, swapped;
	int err;
};

/* ---- out ---- */

static int put(void *ctx, const void *data, size_t len)
{
	const struct copy *c = ctx;

	while (len) {
		ssize_t n = write(c->file.fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		data = (const char *)data + n;
		len -= (size_t)n;
	}
	return 0;
}

static void note(struct copy *c, int err)
{
	if (!c->err)
		c->err = err;
}

static enum cause cause_of(const struct copy *c, uint32_t finding)
{
	return finding && finding <= c->causes->cnt ? c->causes->cause[finding - 1] : C_UNKNOWN;
}

static void write_held(struct copy *c, const struct held *h)
{
	const struct fate *f = &c->fate[h->id % FATES];
	char comment[CAP_COMMENT_LEN + 1];
	struct packet_fate pf;

	if (!h->id || f->id != h->id || f->verdict == V_NONE)
		return note(c, capw__raw(c->out, h->block, h->len));
	pf = (struct packet_fate){ f->verdict, cause_of(c, f->finding), f->finding };
	if (!show_comment(h->block, h->len, h->swapped, &pf, comment))
		return note(c, capw__raw(c->out, h->block, h->len));
	note(c, capw__recomment(c->out, h->block, h->len, h->swapped, comment));
}

static struct held *head(const struct copy *c)
{
	return &c->queue[c->first & (c->size - 1)];
}

static void release_one(struct copy *c)
{
	struct held *h = head(c);

	write_held(c, h);
	free(h->block);
	c->bytes -= h->len;
	c->first++;
	c->cnt--;
}

static void release(struct copy *c, uint64_t now_ns)
{
	while (c->cnt) {
		const struct held *h = head(c);

		if (h->id && h->ts_ns + c->hold_ns > now_ns && h->id + FATES / 2 > c->newest &&
		    c->bytes <= HELD_BYTES_MAX)
			break;
		release_one(c);
	}
}

/* ---- in ---- */

static int grow(struct copy *c)
{
	size_t size = c->size ? c->size * 2 : 1024;
	struct held *q = calloc(size, sizeof(*q));

	if (!q)
		return -ENOMEM;
	for (size_t i = 0; i < c->cnt; i++)
		q[i] = c->queue[(c->first + i) & (c->size - 1)];
	free(c->queue);
	c->queue = q;
	c->size = size;
	c->first = 0;
	return 0;
}

static void hold(struct copy *c, const struct cap_item *item, uint64_t id, uint64_t ts_ns)
{
	struct held h = { .len = item->block_len, .id = id, .ts_ns = ts_ns };

	/* several items may come in one block */
	if (!item->block)
		return;
	if (c->any && item->offset == c->offset)
		return;
	c->any = true;
	c->offset = item->offset;
	show_section_order(item->block, item->block_len, &c->swapped);
	h.swapped = c->swapped;
	if (!c->cnt && !id)
		return note(c, capw__raw(c->out, item->block, item->block_len));
	h.block = malloc(h.len);
	if (!h.block || (c->cnt == c->size && grow(c))) {
		free(h.block);
		return note(c, -ENOMEM);
	}
	memcpy(h.block, item->block, h.len);
	c->queue[(c->first + c->cnt++) & (c->size - 1)] = h;
	c->bytes += h.len;
	if (id > c->newest)
		c->newest = id;
	if (id)
		release(c, ts_ns);
}

static void on_obs(void *ctx, struct replay_node *n, const struct obs *o,
		   const struct cap_item *item)
{
	bool packet = o->kind == OBS_PATH || o->kind == OBS_DROP;

	if (item)
		hold(ctx, item, packet ? engine__last_packet(n->engine) : 0, o->ts_ns);
}

static void on_item(void *ctx, struct replay_node *n, const struct cap_item *item)
{
	(void)n;
	hold(ctx, item, 0, 0);
}

static void on_record(void *ctx, struct replay_node *n, const struct record *rec)
{
	const struct packet *p = rec->packet;
	struct copy *c = ctx;

	(void)n;
	if (rec->kind == REC_PACKET)
		c->fate[p->id % FATES] = (struct fate){ p->id, (uint8_t)p->verdict, p->finding };
}

static bool is_stopped(void *ctx)
{
	const struct copy *c = ctx;

	return c->err != 0;
}

/* ---- the file ---- */

static int fail(char *why, size_t why_sz, int err, const char *fmt, const char *path)
{
	snprintf(why, why_sz, fmt, path);
	return err;
}

static int check_source(const char *path, char *why, size_t why_sz)
{
	const struct cap_item *item;
	struct capr *r = NULL;
	int err = capr__open(path, &r, why, why_sz), got = 0;

	while (!err && (got = capr__next(r, &item, why, why_sz)) > 0 && item->kind != CAP_META)
		;
	if (!err && got <= 0)
		err = got ? got : fail(why, why_sz, -EBADMSG, "%s: holds no trace", path);
	else if (!err && item->meta.foreign)
		err = fail(why, why_sz, -EINVAL,
			   "%s: no calitrace wrote it, so there are no verdicts that -w could "
			   "put in",
			   path);
	capr__free(r);
	return err;
}

static struct outfile_opts copy_opts(const struct opts *o)
{
	return (struct outfile_opts){
		.path = o->write, .force = o->force, .keep = o->file, .keep_cnt = o->file_cnt
	};
}

int show_copy_check(const struct opts *o, char *why, size_t why_sz)
{
	const struct outfile_opts oo = copy_opts(o);
	const char *in = o->file[0];
	struct stat st;
	int err;

	if (o->file_cnt != 1)
		return fail(why, why_sz, -EINVAL, "-w '%s': writes one capture anew: name one FILE",
			    o->write);
	if (!strcmp(o->write, "-"))
		return fail(why, why_sz, -EINVAL,
			    "-w %s: 'show' prints to stdout; give the name of a file", o->write);
	if (strcmp(in, "-") != 0 && stat(in, &st))
		return fail(why, why_sz, -ENOENT, "%s: cannot be read: no such file, or no access",
			    in);
	if (!strcmp(in, "-") || !S_ISREG(st.st_mode))
		return fail(why, why_sz, -EINVAL,
			    "'%s': -w reads it twice, so it has to be a file: neither a directory "
			    "nor a pipe",
			    in);
	err = outfile__check(&oo, why, why_sz);
	return err ? err : check_source(in, why, why_sz);
}

int show_copy_open(const struct opts *o, struct outfile *file, char *why, size_t why_sz)
{
	const struct outfile_opts oo = copy_opts(o);

	return outfile__open(&oo, file, why, why_sz);
}

static int open_out(struct copy *c)
{
	struct capw_opts wo = { .snaplen = SNAP_LEN, .put = put, .ctx = c };

	return capw__new(&wo, &c->out);
}

/* What is not whole is no copy. */
static int close_out(struct copy *c)
{
	if (c->file.fd < 0)
		return c->err;
	if (!c->err)
		c->err = capw__flush(c->out);
	capw__free(c->out);
	note(c, outfile__close(&c->file));
	if (!c->err)
		c->err = outfile__keep(&c->file);
	if (c->err)
		outfile__discard(&c->file);
	return c->err;
}

static int copy(struct copy *c, char *why, size_t why_sz)
{
	struct replay_opts ro = {
		.o = c->o,
		.file = c->o->file,
		.file_cnt = 1,
		.all = true,
		.ops = { .obs = on_obs,
			 .record = on_record,
			 .item = on_item,
			 .stop = is_stopped,
			 .ctx = c },
	};
	struct replay *r = NULL;
	int err = replay__open(&ro, &r, why, why_sz);

	if (!err) {
		const struct cap_meta *m = replay__node(r, 0)->meta;

		c->hold_ns = LATE_NS +
			     (c->o->timeout_given ? c->o->reply_timeout_ns : m->reply_timeout_ns);
		err = replay__run(r, why, why_sz);
	}
	replay__free(r);
	/* that it was cut has been told when it was shown: what there is was copied */
	return err == -EBADMSG ? 0 : err;
}

int show_copy(const struct opts *o, const struct show_causes *causes, struct outfile *file,
	      char *why, size_t why_sz)
{
	struct copy c = { .o = o, .causes = causes, .file = *file };
	int err;

	c.fate = calloc(FATES, sizeof(*c.fate));
	why[0] = '\0';
	c.err = c.fate ? open_out(&c) : -ENOMEM;
	err = c.err ? 0 : copy(&c, why, why_sz);
	while (c.cnt)
		release_one(&c);
	if (err)
		note(&c, err);
	if (close_out(&c) && !why[0])
		snprintf(why, why_sz, "cannot write '%s': %s", o->write, strerror(-c.err));
	free(c.queue);
	free(c.fate);
	return c.err;
}
