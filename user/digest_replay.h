/* SPDX-License-Identifier: GPL-2.0-only */
/* A digest filled by a replay: what of its hooks belongs to that, for whoever compares captures. */
#ifndef CALITRACE_DIGEST_REPLAY_H
#define CALITRACE_DIGEST_REPLAY_H

#include "digest.h"
#include "replay.h"

struct digest_replay {
	struct digest *digest;
	int *node; /* of the digest, by the replay's index; < 0: there was no memory */
	uint32_t cnt;
};

/* To be called by the hooks of the same names; good packets have to be told (replay_opts.all). */
void digest_replay__node(struct digest_replay *d, const struct replay_node *n);
void digest_replay__ready(struct digest_replay *d, const struct replay_node *n,
			  const struct cap_ready *r);
void digest_replay__record(struct digest_replay *d, const struct replay_node *n,
			   const struct record *rec);
void digest_replay__end(struct digest_replay *d, const struct replay_node *n);
/* The digest stays. */
void digest_replay__free(struct digest_replay *d);

#endif
