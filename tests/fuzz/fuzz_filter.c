// SPDX-License-Identifier: GPL-2.0-only
/* A FILTER in its first line, then a packet from its IP header on, which it is asked about */
#include <stdlib.h>

#include "cap_reader.h"
#include "filter.h"
#include "fuzz.h"

/* libpcap's compiler, which is not ours to mend, takes seconds for expressions that are long. */
#define EXPR_MAX 120
#define DLT_RAW 101

static void ask(const struct filter *f, struct fuzz_input *in)
{
	struct obs o = { .kind = OBS_PATH };
	size_t len = 0;
	uint8_t *p = fuzz_part(in, NULL, &len);

	if (p && cap_dissect(DLT_RAW, p, len, &o)) {
		uint32_t bits = filter__bits(f, &o.pkt);

		(void)filter__wants(f, bits, false);
		(void)filter__match(f, &o.pkt);
	}
	free(p);
}

int FUZZ_TARGET(filter)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct filter_opts fo = { .dns_port = { 53 }, .vxlan_port = 4789 };
	struct filter *f;
	char why[400];
	uint32_t apps;
	char *expr = fuzz_text(&in, "\n");

	/* an expression that comes with a capture may hold any octet but zero */
	fo.expr = expr;
	for (size_t i = 0; expr && expr[i]; i++)
		if (i == EXPR_MAX)
			expr[i] = '\0';
	if (expr && !filter__new(&fo, &f, why, sizeof(why))) {
		filter__apps(f, 0, &apps, why, sizeof(why));
		ask(f, &in);
		filter__free(f);
	}
	free(expr);
	return 0;
}
