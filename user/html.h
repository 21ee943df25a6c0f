/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTML and SVG, written in sequence. Markup comes from literals of this program alone; whatever else
 * goes through html_text(), which leaves nothing that a browser, or a terminal, would act on.
 */
#ifndef CALITRACE_HTML_H
#define CALITRACE_HTML_H

#include <stdint.h>
#include <stdio.h>

struct html {
	FILE *out;
	uint32_t ids; /* handed out so far */
};

/* A literal, as it is */
void html_lit(struct html *h, const char *markup);
/* Markup with numbers in it: no %s */
void html_num(struct html *h, const char *markup, ...) __attribute__((format(printf, 2, 3)));
/* Text, in content and in attributes that stand in double quotes; at most HTML_TEXT_MAX octets of it */
#define HTML_TEXT_MAX 1000
void html_text(struct html *h, const char *text);
void html_textf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* <tag class="cls">text</tag>; tag and cls ("": none) are literals */
void html_el(struct html *h, const char *tag, const char *cls, const char *text);
void html_elf(struct html *h, const char *tag, const char *cls, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A number that no other id of the page has */
uint32_t html_id(struct html *h);

#endif
