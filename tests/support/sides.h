/* SPDX-License-Identifier: GPL-2.0-only */
/* Digests made by hand: a healthy node of the founding incident's plan, and what may be wrong with it. */
#ifndef CALITRACE_TEST_SIDES_H
#define CALITRACE_TEST_SIDES_H

#include "diff.h"
#include "feed.h"

#define OWN "10.253.65.64/26"
#define BLOCK1 "10.253.120.64/26"  /* of 10.2.7.203, k8s04 */
#define BLOCK2 "10.253.140.128/26" /* of 10.2.7.202, k8s03 */
#define BLOCK3 "10.253.181.0/26"   /* of 10.2.7.200, k8s01 */
#define SIDE_BLOCKS 3

/* k8s02 with three peers, each with a block; exchanges with BLOCK2 and BLOCK3. All is well. */
struct digest side_healthy(void);
/* The same, and another node of that name which has BLOCK3 for its own */
void side_add_k8s01(struct digest *d);
/* As the incident has it: no session, no route to a block, what is sent leaks */
struct digest side_broken(void);
/* Healthy, and nobody sends anything */
struct digest side_quiet(void);

/* Of the node k8s02 */
struct digest_node *side_node(struct digest *d);
void side_drop_route(struct digest *d, const char *block);
/* The block is known no more, as if it had never been there */
void side_forget_block(struct digest *d, const char *block);
struct digest_route *side_route(struct digest *d, const char *dst);
struct digest_block *side_block(struct digest *d, const char *block);
struct view_peer *side_peer(struct digest *d, const char *addr);
void side_drop_peer(struct digest *d, const char *addr);
struct view_peer *side_add_peer(struct digest *d, const char *addr, bool up);
void side_add_addr(struct digest *d, const char *addr, uint8_t len, const char *dev);
struct check *side_check(struct digest *d, const char *name);
/* dst: a block, "" for outside, "host" for a node's address */
struct digest_flow *side_add_flow(struct digest *d, const char *src, const char *dst,
				  const char *service, enum app app);
struct digest_flow *side_flow(struct digest *d, const char *dst, enum app app);
/* count of them lost, after all that was answered */
void side_lose(struct digest_flow *f, enum verdict v, uint32_t count);
struct finding *side_add_finding(struct digest *d, const char *key, enum verdict v,
				 const char *block, enum app app);

/* ---- compared ---- */

struct sides {
	struct digest before, after;
};
/* Broken, then healthy: for the caller to change AFTER */
struct sides sides_cured(void);
/* Compares, checks the status; diff__free() or sides_done() */
struct diff sides_run(const struct digest *before, const struct digest *after, int status);
void sides_done(struct diff *d, struct digest *before, struct digest *after);
/* The same, and that is all; frees both sides */
void sides_expect(struct sides *s, int status);
void sides_expect_doubt(struct sides *s, enum diff_doubt why);
/* NULL: there is none */
const struct diff_change *sides_change(const struct diff *d, enum diff_what what, const char *key);
void assert_change(const struct diff *d, enum diff_what what, const char *key,
		   enum diff_state state);

#endif
