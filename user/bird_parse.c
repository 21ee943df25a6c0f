// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies of BIRD's control socket: lines, their codes, and the status. A line is four digits and
 * '-', or ' ' on the last one; or it starts with a blank and has the code of the line before. Lines
 * that start with '+' are messages which nobody asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "bird_parse.h"
#include "util.h"

static const struct {
	const char *text;
	uint16_t end; /* the code of the last line, if all is well */
} requests[BIRD_REQUEST_MAX] = {
	[BIRD_GREETING] = { "greeting", 1 },
	[BIRD_RESTRICT] = { "restrict", 16 },
	[BIRD_STATUS] = { "show status", 13 },
	[BIRD_ROUTES] = { "show route", 0 },
	[BIRD_PROTOCOLS] = { "show protocols all", 0 },
};

enum {
	CODE_GR_STATUS = 24,
	CODE_VERSION = 1000,
	CODE_PROTO = 1002,
	CODE_PROTO_DETAIL = 1006,
	CODE_ROUTE = 1007,
	CODE_UPTIME = 1011,
	CODE_PROTO_HEADING = 2002,
	CODE_NO_PROTOCOLS = 8003,
	CODE_ERRORS = 8000,
};

const char *bird_request_text(enum bird_request r)
{
	return r < BIRD_REQUEST_MAX ? requests[r].text : "?";
}

char *bird_word(char **text)
{
	char *word = *text + strspn(*text, " "), *end;

	if (!*word)
		return NULL;
	end = word + strcspn(word, " ");
	*text = end;
	if (*end) {
		*end = '\0';
		(*text)++;
	}
	return word;
}

char *bird_after(char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

bool bird_number(const char **text, uint32_t *out)
{
	const char *p = *text;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > UINT32_MAX)
			return false;
	}
	if (p == *text)
		return false;
	*text = p;
	*out = (uint32_t)n;
	return true;
}

bool bird_addr(char *text, struct addr *out)
{
	text[strcspn(text, "%")] = '\0';
	return !addr_parse(text, out);
}

void bird_copy(char *out, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(out, text, len);
	memset(out + len, 0, size - len);
}

void bird_parser__flush(struct bird_parser *p)
{
	if (!p->have_obs)
		return;
	p->have_obs = false;
	p->fn(p->ctx, &p->obs);
}

struct obs *bird_parser__next(struct bird_parser *p, enum obs_kind kind)
{
	bird_parser__flush(p);
	memset(&p->obs, 0, sizeof(p->obs));
	p->obs.kind = kind;
	p->have_obs = true;
	return &p->obs;
}

/* ---- show status ---- */

static uint16_t at_most_16_bits(uint32_t n)
{
	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

/* "Waiting for %d protocols to recover", "Wait timer is %d/%d" */
static int parse_recovery(struct obs_bird *bird, char *text)
{
	const char *rest;
	uint32_t n, max;

	text += strspn(text, " ");
	bird->recovering = true;
	rest = bird_after(text, "Waiting for ");
	if (rest) {
		if (!bird_number(&rest, &n))
			return -EBADMSG;
		bird->waiting_for = at_most_16_bits(n);
	}
	rest = bird_after(text, "Wait timer is ");
	if (rest) {
		if (!bird_number(&rest, &n) || *rest++ != '/' || !bird_number(&rest, &max))
			return -EBADMSG;
		bird->wait_s = at_most_16_bits(n);
		bird->wait_max_s = at_most_16_bits(max);
	}
	return 0;
}

static int parse_uptime(struct bird_parser *p, char *text, uint64_t now_ns)
{
	char *rest;

	if ((rest = bird_after(text, "Router ID is ")))
		return bird_addr(rest, &p->obs.bird.router_id) ? 0 : -EBADMSG;
	if ((rest = bird_after(text, "Current server time is "))) {
		p->now.local = bird_time_parse(rest);
		p->now.mono_ns = now_ns;
	} else if ((rest = bird_after(text, "Last reboot on "))) {
		p->boot = bird_time_parse(rest);
	} else if ((rest = bird_after(text, "Last reconfiguration on "))) {
		p->conf = bird_time_parse(rest);
	}
	return 0;
}

static int parse_status(struct bird_parser *p, uint16_t code, char *text, uint64_t now_ns)
{
	char *rest;

	if (code == CODE_VERSION && !p->have_obs) {
		bird_parser__next(p, OBS_BIRD)->bird.v6 = p->v6;
		rest = bird_after(text, "BIRD ");
		bird_copy(p->obs.bird.version, sizeof(p->obs.bird.version), rest ? rest : text);
		return 0;
	}
	if (!p->have_obs)
		return -EBADMSG;
	if (code == CODE_UPTIME)
		return parse_uptime(p, text, now_ns);
	if (code == CODE_GR_STATUS)
		return parse_recovery(&p->obs.bird, text);
	return -EBADMSG;
}

/* ---- any reply ---- */

static int not_understood(struct bird_parser *p, const char *what, const char *text)
{
	int len = snprintf(p->why, sizeof(p->why), "%s: %s", requests[p->request].text, what);

	if (len > 0 && (size_t)len < sizeof(p->why))
		text_clean(p->why + len, sizeof(p->why) - (size_t)len, text);
	return -EBADMSG;
}

static int parse_row(struct bird_parser *p, uint16_t code, char *text, uint64_t now_ns)
{
	if (p->request == BIRD_STATUS)
		return parse_status(p, code, text, now_ns);
	if (p->request == BIRD_PROTOCOLS && (code == CODE_PROTO || code == CODE_PROTO_DETAIL))
		return bird_parse_proto(p, code, text);
	if (p->request == BIRD_PROTOCOLS && code == CODE_PROTO_HEADING)
		return 0;
	if (p->request == BIRD_ROUTES && code == CODE_ROUTE)
		return bird_parse_route(p, text);
	return -EBADMSG;
}

/* The last line, with its code; 1: the reply is one, and complete */
static int parse_end(struct bird_parser *p, uint16_t code, const char *line)
{
	bool none = p->request == BIRD_PROTOCOLS && code == CODE_NO_PROTOCOLS;

	if (code >= CODE_ERRORS && !none)
		return not_understood(p, "", line);
	if (code != requests[p->request].end && !none)
		return not_understood(p, "ends with ", line);
	if (p->request == BIRD_STATUS) {
		if (!p->have_obs)
			return not_understood(p, "no version", "");
		p->obs.bird.boot_ns = bird_time_ns(&p->now, &p->boot);
		p->obs.bird.conf_ns = bird_time_ns(&p->now, &p->conf);
	}
	bird_parser__flush(p);
	p->done = true;
	return 1;
}

/* The code at the start of a line, -1 if there is none */
static int line_code(const char *line)
{
	int i, code = 0;

	for (i = 0; i < 4; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
		code = code * 10 + (line[i] - '0');
	}
	return line[4] == '-' || line[4] == ' ' ? code : -1;
}

static int parse_line(struct bird_parser *p, uint64_t now_ns)
{
	char text[INFO_LEN], *row = p->line;
	int code;

	if (strlen(p->line) != p->len)
		return not_understood(p, "a zero byte in ", p->line);
	if (*p->line == '+')
		return p->done;
	if (p->done)
		return not_understood(p, "goes on after its end: ", p->line);
	if (*p->line == ' ') {
		if (!p->have_code)
			return not_understood(p, "no code: ", p->line);
		code = p->code;
		row++;
	} else {
		code = line_code(p->line);
		if (code < 0)
			return not_understood(p, "no code: ", p->line);
		if (p->line[4] == ' ')
			return parse_end(p, (uint16_t)code, p->line);
		row += 5;
	}
	p->code = (uint16_t)code;
	p->have_code = true;
	bird_copy(text, sizeof(text), p->line);
	if (parse_row(p, p->code, row, now_ns))
		return not_understood(p, "", text);
	return 0;
}

void bird_parser__init(struct bird_parser *p, bool v6, obs_fn fn, void *ctx)
{
	memset(p, 0, sizeof(*p));
	p->v6 = v6;
	p->fn = fn;
	p->ctx = ctx;
}

void bird_parser__begin(struct bird_parser *p, enum bird_request r)
{
	/* A line that has begun is kept: it may be a message, which comes when it likes. */
	p->request = r;
	p->done = p->have_code = p->have_obs = p->have_dst = false;
	if (r == BIRD_STATUS) {
		memset(&p->now, 0, sizeof(p->now));
		memset(&p->boot, 0, sizeof(p->boot));
		memset(&p->conf, 0, sizeof(p->conf));
	}
}

int bird_parser__feed(struct bird_parser *p, const char *data, size_t len, uint64_t now_ns)
{
	int ret = p->done;

	while (len) {
		const char *eol = memchr(data, '\n', len);
		size_t n = eol ? (size_t)(eol - data) : len;

		if (n > BIRD_LINE_MAX - p->len)
			return not_understood(p, "a line without an end", "");
		memcpy(p->line + p->len, data, n);
		p->len += n;
		p->line[p->len] = '\0';
		if (!eol)
			break;
		ret = parse_line(p, now_ns);
		if (ret < 0)
			return ret;
		p->len = 0;
		data += n + 1;
		len -= n + 1;
	}
	return ret;
}
