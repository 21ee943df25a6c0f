/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the parts of the audit, by nobody else. Part of the engine: pure. */
#ifndef CALITRACE_AUDIT_H
#define CALITRACE_AUDIT_H

#include "diagnose.h"

struct audit {
	const struct engine *e;
	const struct diag *d;
	struct check c;	  /* the one that is being made */
	uint32_t missing; /* routes; set by audit_routes() */
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
/* Does one of the pools call for that tunnel everywhere? audit_dev.c */
bool audit_tunnels(const struct audit *a, enum pool_mode mode);
/* Calico's tunnel device of that kind, NULL: there is none */
const struct link_info *audit_tunnel_dev(const struct engine *e, const char *kind);
/* BIRD wants that route in the kernel, which has none of that prefix that leads anywhere */
bool audit_not_in_kernel(const struct engine *e, const struct obs_bird_route *b);
/* Is the route the one that the kernel takes, and not another metric's? */
bool audit_is_best(const struct engine *e, const struct route *r);
/* audit_route.c */
void audit_routes(struct audit *a);
/* Blocks that only a baseline has, into the check of routes; how many it has. audit_recall.c */
uint32_t audit_recalled(struct audit *a);
/* audit_fib.c */
void audit_fib(struct audit *a);
void audit_default(struct audit *a);
void audit_own_blocks(struct audit *a);
void audit_leftovers(struct audit *a);
/* audit_dev.c */
void audit_tunnel(struct audit *a);
/* VTEPs that lack an entry, into the check of the tunnel; audit_vtep.c */
void audit_vteps(struct audit *a);
/* How many of them no route leads to, into the check of routes; *all: how many there are */
uint32_t audit_vteps_without_route(struct audit *a, uint32_t *all);
void audit_sysctl(struct audit *a);
void audit_allowlist(struct audit *a);
void audit_tables(struct audit *a);

#endif
