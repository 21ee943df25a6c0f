// SPDX-License-Identifier: GPL-2.0-only
/* Which format a scraper wants: RFC 9110, 12.5.1, as far as two formats need it. */
#include "metrics.h"

#include <string.h>
#include <strings.h>

#define OPENMETRICS "application/openmetrics-text"
#define PLAIN "text/plain"
#define BLANKS " \t"

/* "0.75" in thousandths; what is no weight is 1, as if there were none */
static int weight(const char *s, size_t len)
{
	int v = 0, digit = 1000;

	if (!len || (*s != '0' && *s != '1'))
		return 1000;
	v = (*s - '0') * 1000;
	for (size_t i = 1; i < len && i < 5; i++) {
		if (i == 1 && s[i] == '.')
			continue;
		if (s[i] < '0' || s[i] > '9')
			break;
		digit /= 10;
		v += (s[i] - '0') * digit;
	}
	return v < 1000 ? v : 1000;
}

/* Of "type/sub; version=1.0.0; q=0.5": the weight */
static int weight_of(const char *range, size_t len)
{
	const char *end = range + len, *p = range;

	while ((p = memchr(p, ';', (size_t)(end - p)))) {
		p++;
		p += strspn(p, BLANKS);
		if (end - p > 2 && !strncasecmp(p, "q=", 2))
			return weight(p + 2, (size_t)(end - p - 2));
	}
	return 1000;
}

static bool is_type(const char *range, size_t len, const char *type)
{
	size_t n = strlen(type);

	return len >= n && !strncasecmp(range, type, n) &&
	       (len == n || strchr(";" BLANKS, range[n]));
}

enum metrics_format metrics_accept(const char *accept)
{
	int open = 0, plain = 0;

	while (accept && *accept) {
		size_t skip = strspn(accept, "," BLANKS), len = strcspn(accept + skip, ",");
		const char *range = accept + skip;
		int w = weight_of(range, len);

		if (is_type(range, len, OPENMETRICS) && w > open)
			open = w;
		else if (is_type(range, len, PLAIN) && w > plain)
			plain = w;
		accept = range + len;
	}
	return open && open >= plain ? METRICS_OPENMETRICS : METRICS_TEXT;
}

const char *metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS ? OPENMETRICS "; version=1.0.0; charset=utf-8" :
					       PLAIN "; version=0.0.4; charset=utf-8";
}
