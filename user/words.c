// SPDX-License-Identifier: GPL-2.0-only
#include "words.h"

#include <string.h>

static size_t aligned(size_t size)
{
	return (size + sizeof(char *) - 1) & ~(sizeof(char *) - 1);
}

size_t words_size(cap_words w)
{
	size_t size = sizeof(*w);

	for (; w && *w; w++)
		size += sizeof(*w) + strlen(*w) + 1;
	return aligned(size);
}

cap_words words_copy(cap_words w, char **at)
{
	const char **out = (const char **)*at;
	size_t cnt = 0;
	char *text;

	*at += words_size(w);
	while (w && w[cnt])
		cnt++;
	text = (char *)(out + cnt + 1);
	for (size_t i = 0; i < cnt; i++) {
		size_t len = strlen(w[i]) + 1;

		out[i] = memcpy(text, w[i], len);
		text += len;
	}
	out[cnt] = NULL;
	return out;
}
