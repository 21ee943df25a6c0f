// SPDX-License-Identifier: GPL-2.0-only
#include "sha1.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 64

static uint32_t rol(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

/* RFC 3174, 5: the function and the constant of step t */
static uint32_t mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

/* RFC 3174, 6.1 */
static void add_block(uint32_t h[5], const uint8_t *p)
{
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], w[80], sum;
	int t;

	for (t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (; t < 80; t++)
		w[t] = rol(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (t = 0; t < 80; t++) {
		sum = rol(a, 5) + mix(t, b, c, d) + e + w[t];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = sum;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1(const void *data, size_t len, uint8_t out[SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *p = data;
	uint8_t last[2 * BLOCK] = { 0 };
	size_t rest = len % BLOCK, padded = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	size_t i;

	for (i = 0; i < len / BLOCK; i++)
		add_block(h, p + i * BLOCK);
	if (rest)
		memcpy(last, p + len - rest, rest);
	last[rest] = 0x80;
	for (i = 0; i < 8; i++)
		last[padded - 1 - i] = (uint8_t)((uint64_t)len * 8 >> 8 * i);
	for (i = 0; i < padded; i += BLOCK)
		add_block(h, last + i);
	for (i = 0; i < SHA1_LEN; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void pod_dev_name(const char *ns, const char *pod, char out[DEV_LEN])
{
	/* a namespace has at most 63 characters, a pod's name 253 */
	uint8_t sum[SHA1_LEN];
	char text[512];
	int len = snprintf(text, sizeof(text), "%s.%s", ns, pod);

	sha1(text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1, sum);
	/* the twelfth digit does not fit in */
	snprintf(out, DEV_LEN, "cali%02x%02x%02x%02x%02x%x", sum[0], sum[1], sum[2], sum[3], sum[4],
		 sum[5] >> 4);
}
