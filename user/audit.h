/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the parts of the audit, by nobody else. Part of the engine: pure. */
#ifndef CALITRACE_AUDIT_H
#define CALITRACE_AUDIT_H

#include "diagnose.h"

struct audit {
	const struct engine *e;
	const struct diag *d;
	struct check c; /* the one that is being made */
	void (*fn)(void *ctx, const struct check *c);
	void *ctx;
};

/* A check begins as ok; needed: unknown leaves "cannot say" */
void audit_begin(struct audit *a, const char *name, bool needed);
void audit_end(struct audit *a);
/* Raises the state, never lowers it; the first cause at the highest state stays. */
void audit_raise(struct audit *a, enum check_state s, enum cause cause);
void audit_say(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void audit_evidence(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void audit_advise(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* audit_bgp.c */
void audit_bird(struct audit *a);
void audit_bgp(struct audit *a);
void audit_node_address(struct audit *a);
void audit_graceful(struct audit *a);
/* audit_route.c */
void audit_routes(struct audit *a);
void audit_fib(struct audit *a);
void audit_default(struct audit *a);
void audit_own_blocks(struct audit *a);
void audit_leftovers(struct audit *a);
/* audit_dev.c */
void audit_tunnel(struct audit *a);
void audit_sysctl(struct audit *a);
void audit_allowlist(struct audit *a);
void audit_tables(struct audit *a);

#endif
