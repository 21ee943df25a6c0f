// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

/* A scraper holds one; whoever opens more, and says nothing, loses them. */
#define CONNECTIONS_MAX 32
#define IDLE_S 10
/* For a request's lines and headers */
#define REQUEST_MEMORY 16384
#define BACKLOG 16

struct metrics_http {
	struct metrics_http_ops ops;
	struct MHD_Daemon *daemon;
	char where[INET6_ADDRSTRLEN + 16];
};

static void tell_where(struct metrics_http *h, int fd)
{
	char addr[INET6_ADDRSTRLEN] = "?";
	union listen_at s = { .sa.sa_family = AF_UNSPEC };
	socklen_t len = sizeof(s);

	(void)getsockname(fd, &s.sa, &len);
	if (s.sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &s.in6.sin6_addr, addr, sizeof(addr));
		snprintf(h->where, sizeof(h->where), "[%s]:%u", addr, ntohs(s.in6.sin6_port));
	} else {
		inet_ntop(AF_INET, &s.in.sin_addr, addr, sizeof(addr));
		snprintf(h->where, sizeof(h->where), "%s:%u", addr, ntohs(s.in.sin_port));
	}
}

/* The socket, or -errno. ":PORT" is both protocols', or IPv4's where there is no IPv6. */
static int open_socket(const char *listen_at, union listen_at *s)
{
	const int yes = 1, no = 0;
	int fd = socket(s->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0 && errno == EAFNOSUPPORT && listen_at[0] == ':') {
		in_port_t port = s->in6.sin6_port;

		memset(s, 0, sizeof(*s));
		s->in.sin_family = AF_INET;
		s->in.sin_port = port;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (s->sa.sa_family == AF_INET6 && listen_at[0] == ':')
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (!bind(fd, &s->sa, s->sa.sa_family == AF_INET6 ? sizeof(s->in6) : sizeof(s->in)) &&
	    !listen(fd, BACKLOG))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* ---- what is said ---- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned int status, const char *type,
			      const char *text, size_t len)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result done;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Vary", "Accept");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned int status, const char *text)
{
	return answer(c, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result say_page(struct metrics_http *h, struct MHD_Connection *c)
{
	enum metrics_format format =
		metrics_accept(MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept"));
	const char *text;
	size_t len;

	if (h->ops.page(h->ops.ctx, format, &text, &len))
		return say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	return answer(c, MHD_HTTP_OK, metrics_content_type(format), text, len);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	struct metrics_http *h = ctx;

	(void)version, (void)data, (void)data_len, (void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
	if (!strcmp(url, "/metrics"))
		return say_page(h, c);
	if (strcmp(url, "/healthz"))
		return say(c, MHD_HTTP_NOT_FOUND, "calitrace: /metrics, /healthz\n");
	return h->ops.healthy(h->ops.ctx) ?
		       say(c, MHD_HTTP_OK, "ok\n") :
		       say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "no interface is traced\n");
}

/* ---- from the beginning to the end ---- */

int metrics_http__new(const char *listen_at, const struct metrics_http_ops *ops,
		      struct metrics_http **ret, char *why, size_t why_sz)
{
	struct metrics_http *h = calloc(1, sizeof(*h));
	union listen_at s;
	int fd = -ENOMEM;

	if (h)
		fd = listen_parse(listen_at, &s) ? -EINVAL : open_socket(listen_at, &s);
	if (fd < 0) {
		snprintf(why, why_sz, "cannot listen at %s: %s%s", listen_at, strerror(-fd),
			 fd == -EADDRINUSE    ? "; ss -ltnp tells by whom, --listen takes another" :
			 fd == -EADDRNOTAVAIL ? "; ip address lists those of this node" :
						"");
		free(h);
		return fd;
	}
	h->ops = *ops;
	tell_where(h, fd);
	/* the socket is the daemon's, if there is one */
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
				     MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				     (unsigned int)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				     (unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)REQUEST_MEMORY, MHD_OPTION_END);
	if (!h->daemon) {
		snprintf(why, why_sz, "cannot serve HTTP at %s", listen_at);
		close(fd);
		free(h);
		return -EIO;
	}
	*ret = h;
	return 0;
}

const char *metrics_http__where(const struct metrics_http *h)
{
	return h->where;
}

void metrics_http__turn(struct metrics_http *h)
{
	(void)MHD_run(h->daemon);
}

void metrics_http__free(struct metrics_http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon);
	free(h);
}
