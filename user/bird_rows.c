// SPDX-License-Identifier: GPL-2.0-only
/*
 * BIRD's protocols and routes. A protocol is one row and details, of which we know some by their
 * label and pass over the rest; a route is one row, and one more for each next hop of several.
 */
#include <errno.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include "addr.h"
#include "bird_parse.h"

/* ---- show protocols all ---- */

/* The column "since": one word, or day and clock. *rest goes on behind it. */
static struct bird_time take_since(char *first, char **rest)
{
	struct bird_time since = bird_time_parse(first), clock;
	char word[16], *next = *rest + strspn(*rest, " ");
	size_t len = strcspn(next, " ");

	if (!since.have_day || len >= sizeof(word))
		return since;
	memcpy(word, next, len);
	word[len] = '\0';
	clock = bird_time_parse(word);
	if (clock.have_clock && !clock.have_day) {
		since.have_clock = true;
		since.clock = clock.clock;
		*rest = next + len;
	}
	return since;
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}

/* "%-8s %-8s %-8s %-5s  %-10s  %s": name, kind, table, state, since, info */
static int parse_proto_row(struct bird_parser *p, char *text)
{
	struct obs_bird_proto *proto = &bird_parser__next(p, OBS_BIRD_PROTO)->bird_proto;
	char *col[5], *word;
	struct bird_time since;
	size_t i;

	for (i = 0; i < 5; i++) {
		col[i] = bird_word(&text);
		if (!col[i])
			return -EBADMSG;
	}
	proto->v6 = p->v6;
	bird_copy(proto->name, sizeof(proto->name), col[0]);
	bird_copy(proto->kind, sizeof(proto->kind), col[1]);
	bird_copy(proto->state, sizeof(proto->state), col[3]);
	since = take_since(col[4], &text);
	proto->since_ns = bird_time_ns(&p->now, &since);
	/* Of a BGP protocol that is down, the state is left out. */
	if (!strcmp(proto->kind, "BGP") && strcmp(proto->state, "down")) {
		word = bird_word(&text);
		bird_copy(proto->bgp, sizeof(proto->bgp), word ? word : "");
	}
	bird_copy(proto->info, sizeof(proto->info), trim(text));
	return 0;
}

/* The number before `what` in "9 imported, 1 exported, 9 preferred" */
static bool count_of(const char *text, const char *what, uint32_t *out)
{
	const char *end = strstr(text, what), *p = end;

	while (p && p > text && p[-1] >= '0' && p[-1] <= '9')
		p--;
	return p && bird_number(&p, out) && p == end;
}

static int parse_proto_detail(struct obs_bird_proto *proto, char *text)
{
	char *rest;
	bool ok = true;

	text = trim(text);
	if ((rest = bird_after(text, "Routes:")))
		ok = count_of(rest, " imported", &proto->imported) &&
		     count_of(rest, " exported", &proto->exported);
	else if ((rest = bird_after(text, "GR recovery:")))
		proto->gr_pending = strstr(rest, " pending");
	else if ((rest = bird_after(text, "BGP state:")))
		bird_copy(proto->bgp, sizeof(proto->bgp), trim(rest));
	else if ((rest = bird_after(text, "Neighbor address:")))
		ok = bird_addr(trim(rest), &proto->neighbor);
	else if ((rest = bird_after(text, "Source address:")))
		ok = bird_addr(trim(rest), &proto->source);
	else if (bird_after(text, "Neighbor graceful restart active"))
		proto->gr_neighbor = true;
	else if ((rest = bird_after(text, "Last error:")))
		bird_copy(proto->info, sizeof(proto->info), trim(rest));
	return ok ? 0 : -EBADMSG;
}

int bird_parse_proto(struct bird_parser *p, uint16_t code, char *text)
{
	if (code == 1002)
		return parse_proto_row(p, text);
	return p->have_obs ? parse_proto_detail(&p->obs.bird_proto, text) : -EBADMSG;
}

/* ---- show route ---- */

/* "via %I on %s", "dev %s", or a word; *text goes on behind it. */
static int parse_target(struct obs_bird_route *route, char **text)
{
	static const struct {
		const char *word;
		uint8_t type;
	} types[] = {
		{ "blackhole", RTN_BLACKHOLE }, { "unreachable", RTN_UNREACHABLE },
		{ "prohibited", RTN_PROHIBIT }, { "via", RTN_UNICAST },
		{ "dev", RTN_UNICAST },		{ "multipath", RTN_UNICAST },
	};
	char *word = bird_word(text), *dev = NULL, *on;
	size_t i;

	for (i = 0; word && i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(word, types[i].word))
			route->type = types[i].type;
	}
	if (!word || !route->type)
		return -EBADMSG;
	if (!strcmp(word, "via")) {
		word = bird_word(text);
		on = bird_word(text);
		if (!word || !on || strcmp(on, "on") || !bird_addr(word, &route->gw))
			return -EBADMSG;
		dev = bird_word(text);
	} else if (!strcmp(word, "dev")) {
		dev = bird_word(text);
	} else {
		return 0;
	}
	if (!dev)
		return -EBADMSG;
	bird_copy(route->dev, sizeof(route->dev), dev);
	return 0;
}

/* "[%s %s from %I]": protocol, time in one word or two, neighbour; *text goes on behind it. */
static int parse_origin(struct obs_bird_route *route, char **text)
{
	char *inner = *text + strspn(*text, " "), *end, *word;

	if (*inner != '[')
		return -EBADMSG;
	inner++;
	end = strchr(inner, ']');
	if (!end)
		return -EBADMSG;
	*end = '\0';
	*text = end + 1;
	word = bird_word(&inner);
	if (!word)
		return -EBADMSG;
	bird_copy(route->proto, sizeof(route->proto), word);
	while ((word = bird_word(&inner))) {
		if (strcmp(word, "from"))
			continue;
		word = bird_word(&inner);
		if (!word || !bird_addr(word, &route->from))
			return -EBADMSG;
	}
	return 0;
}

/* What follows the preference of a BGP route: "[AS64512i]", "[i]", "[?]" */
static bool is_bgp_path(const char *text)
{
	uint32_t as;

	if (strncmp(text, " [", 2))
		return false;
	text += 2;
	if (!strncmp(text, "AS", 2)) {
		text += 2;
		if (!bird_number(&text, &as))
			return false;
	}
	if (*text && strchr("ie?", *text))
		text++;
	return !strcmp(text, "]");
}

/* " *" or " !" or nothing, then "(100s/0)" and the like */
static int parse_flags(struct obs_bird_route *route, const char *text)
{
	uint32_t preference;

	route->refused = !strncmp(text, " !", 2);
	route->best = route->refused || !strncmp(text, " *", 2);
	text = strstr(text, " (");
	if (!text)
		return -EBADMSG;
	text += 2;
	if (!bird_number(&text, &preference))
		return -EBADMSG;
	if (*text == '-') /* suppressed: another path of the same AS is better */
		text++;
	if (*text == 's') {
		route->stale = true;
		text++;
	}
	route->unresolved = !strncmp(text, "/-", 2);
	text = strchr(text, ')');
	if (!text)
		return -EBADMSG;
	/* BIRD leaves the neighbour out where it is the gateway (rt_show_rte()); so does it where
	 * there is none, but not for BGP. */
	if (!addr_is_set(&route->from) && is_bgp_path(text + 1))
		route->from = route->gw;
	return 0;
}

/* One of several next hops, in a row of its own: the model has room for the first. */
static int parse_hop(struct bird_parser *p, char *text)
{
	struct obs_bird_route *route = &p->obs.bird_route, hop = { 0 };

	if (!p->have_obs || route->type != RTN_UNICAST || parse_target(&hop, &text) ||
	    !addr_is_set(&hop.gw))
		return -EBADMSG;
	if (addr_is_set(&route->gw) || *route->dev)
		return 0;
	route->gw = hop.gw;
	memcpy(route->dev, hop.dev, sizeof(route->dev));
	return 0;
}

int bird_parse_route(struct bird_parser *p, char *text)
{
	struct obs_bird_route *route;
	char *word;

	if (*text == '\t')
		return parse_hop(p, text + 1);
	if (*text != ' ') {
		word = bird_word(&text);
		p->have_dst = word && !prefix_parse(word, &p->dst) &&
			      (p->dst.addr.family == 6) == p->v6;
	}
	if (!p->have_dst)
		return -EBADMSG;
	route = &bird_parser__next(p, OBS_BIRD_ROUTE)->bird_route;
	route->v6 = p->v6;
	route->dst = p->dst;
	if (parse_target(route, &text) || parse_origin(route, &text))
		return -EBADMSG;
	return parse_flags(route, text);
}
