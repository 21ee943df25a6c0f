/* SPDX-License-Identifier: GPL-2.0-only */
/* bird.cfg as Calico's confd renders it: whom BIRD is to talk to. Pure: text in, peers out. */
#ifndef CALITRACE_CONF_BIRD_H
#define CALITRACE_CONF_BIRD_H

#include "model.h"

typedef void (*conf_peer_fn)(void *ctx, const struct obs_conf_peer *peer);

/*
 * Reads the text (not terminated, hostile) and calls fn, unless it is NULL, for each `protocol bgp`
 * in the order of the file, with what its template says where it says nothing itself. A peer whose
 * neighbor is no plain address has none (family 0). felix_owns is left alone: another file tells.
 *
 * out->router_id is unset where the file says one that no session uses as its source: it is the
 * hash of a name or somebody's choice (CALICO_ROUTER_ID), and says nothing of the node's address.
 *
 * 0, or -EBADMSG: cut, or no bird.cfg; fn may have been called by then, so ask without it first.
 * Facts: bird.cfg.template of Calico v3.1 to v3.32, and v3.33's renderer, which has no comments.
 */
int conf_parse_bird(const char *text, size_t len, struct obs_conf *out, conf_peer_fn fn, void *ctx);

#endif
