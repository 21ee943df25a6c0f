/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The endpoint: GET and HEAD of /metrics and /healthz, by libmicrohttpd without a thread. What it says
 * is its caller's.
 */
#ifndef CALITRACE_METRICS_HTTP_H
#define CALITRACE_METRICS_HTTP_H

#include "metrics.h"

struct metrics_http;

struct metrics_http_ops {
	/* The page, borrowed until the next call; 0 or -errno */
	int (*page)(void *ctx, enum metrics_format format, const char **text, size_t *len);
	/* Tracing goes on; false: /healthz says so with 503 */
	bool (*healthy)(void *ctx);
	void *ctx;
};

/*
 * Listens at "ADDR:PORT", "[ADDR]:PORT" or ":PORT" (all addresses) in the network namespace of the
 * moment; port 0: some free one. Nobody is served before metrics_http__turn(). 0, or -errno with one
 * line in why.
 */
int metrics_http__new(const char *listen, const struct metrics_http_ops *ops,
		      struct metrics_http **ret, char *why, size_t why_sz);
/* "127.0.0.1:9435": where it is */
const char *metrics_http__where(const struct metrics_http *h);
/* Takes and serves what came; never waits. */
void metrics_http__turn(struct metrics_http *h);
void metrics_http__free(struct metrics_http *h);

#endif
