// SPDX-License-Identifier: GPL-2.0-only
/* Every kind of loss: told in text, in JSON and in a file with its count, and doubt for what spans it. */
#include "cap_fixture.h"
#include "cap_reader.h"
#include "cap_writer.h"
#include "feed.h"
#include "render.h"

#define EACH_LOSS(w) for (enum loss_what w = LOSS_RING; w <= LOSS_BIRD; w++)
#define COUNT 4711

/* What a renderer says of it; the caller frees */
static char *rendered(int (*make)(const struct render_opts *, struct render **),
		      enum loss_what what)
{
	struct obs_loss loss = { .what = what, .count = COUNT };
	const struct record rec = { .kind = REC_LOSS, .ts_ns = FEED_T0, .loss = &loss };
	struct render_opts opts = { .node = "k8s02", .wall_offset_ns = WALL_OFFSET };
	struct render *r;
	char *text = NULL;
	size_t len;

	opts.out = open_memstream(&text, &len);
	assert_non_null(opts.out);
	assert_int_equal(make(&opts, &r), 0);
	render__record(r, &rec);
	assert_int_equal(render__error(r), 0);
	render__free(r);
	fclose(opts.out);
	assert_non_null(text);
	return text;
}

static void test_told(void **state)
{
	char want[80], *text;

	(void)state;
	EACH_LOSS(w)
	{
		text = rendered(render_json__new, w);
		snprintf(want, sizeof(want), "\"what\":\"%s\",\"count\":%d", loss_name(w), COUNT);
		assert_non_null(strstr(text, want));
		free(text);
		text = rendered(render_text__new, w);
		snprintf(want, sizeof(want), "%s: %d ", loss_name(w), COUNT);
		if (!strstr(text, want))
			fail_msg("expected '%s', saw '%s'", want, text);
		free(text);
	}
}

static void test_in_file(void **state)
{
	struct image m = { 0 };
	struct capw *w = image_writer(&m, 0);
	const struct cap_item *i;
	enum loss_what next = LOSS_RING;
	struct cap_meta meta = some_meta();
	struct cap_end end = { 0 };
	struct capr *r;
	char why[512];

	(void)state;
	assert_int_equal(capw__meta(w, &meta), 0);
	EACH_LOSS(what)
	{
		struct obs o = { .kind = OBS_LOSS, .ts_ns = T0 + what };

		o.loss = (struct obs_loss){ .what = what, .count = COUNT + what };
		assert_int_equal(capw__obs(w, &o), 0);
	}
	assert_int_equal(capw__end(w, &end), 0);
	capw__free(w);
	r = image_reader(m.b, m.len);
	assert_non_null(r);
	while (capr__next(r, &i, why, sizeof(why)) == 1) {
		if (i->kind != CAP_OBS || i->obs.kind != OBS_LOSS)
			continue;
		assert_int_equal(i->obs.loss.what, next);
		assert_int_equal(i->obs.loss.count, COUNT + next);
		next++;
	}
	assert_int_equal(next, LOSS_BIRD + 1);
	capr__free(r);
	free(m.b);
}

static bool names_loss(const struct finding *x)
{
	return evidence_has(x, "lost: what they would have told is missing");
}

static enum confidence surest(const struct finding *x)
{
	enum confidence most = x->because[0].confidence;

	for (uint8_t i = 1; i < x->because_cnt; i++)
		most = x->because[i].confidence > most ? x->because[i].confidence : most;
	return most;
}

/* What was withheld has findings of its own: test_engine_finding */
static void test_doubt(void **state)
{
	const struct plan *p = &plans[0];

	(void)state;
	EACH_LOSS(w)
	{
		const struct finding *x;
		struct feed f;

		if (w == LOSS_WITHHELD)
			continue;
		feed_open(&f, p, NULL);
		feed_node(&f, POOL_IPIP, 0);
		feed_route(&f, 500 * MS, ROUTE_DEL, p->peer_block, p->peer, IF_TUNNEL, RT_UNICAST,
			   RP_BIRD, "bird");
		feed_leak_on(&f, 1000 * MS, 1400 * MS, f.plan->peer_pod);
		x = finding_at(&f, 1);
		assert_int_equal(surest(x), CONF_CERTAIN);
		assert_false(names_loss(x));
		feed_loss(&f, 1500 * MS, w, COUNT);
		feed_leak_on(&f, 1600 * MS, 2600 * MS, f.plan->peer_pod);
		assert_true(names_loss(x));
		assert_int_not_equal(surest(x), CONF_CERTAIN);
		assert_int_equal(feed_summary(&f).lost, COUNT);
		feed_close(&f, 3 * US_PER_S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_in_file),
		cmocka_unit_test(test_doubt),
	};

	return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
