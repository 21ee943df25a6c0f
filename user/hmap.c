// SPDX-License-Identifier: GPL-2.0-only
#include "hmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HMAP_MIN 64

static int hmap_grow(struct hmap *m)
{
	size_t size = m->size ? m->size * 2 : HMAP_MIN;
	struct hnode **bucket = calloc(size, sizeof(struct hnode *));

	if (!bucket)
		return -ENOMEM;
	for (size_t i = 0; i < m->size; i++) {
		struct hnode *n = m->bucket[i];

		while (n) {
			struct hnode *next = n->next;

			n->next = bucket[n->hash & (size - 1)];
			bucket[n->hash & (size - 1)] = n;
			n = next;
		}
	}
	free(m->bucket);
	m->bucket = bucket;
	m->size = size;
	return 0;
}

int hmap_add(struct hmap *m, struct hnode *n, uint64_t hash)
{
	if (m->cnt >= m->size && hmap_grow(m) && !m->size)
		return -ENOMEM;
	n->hash = hash;
	n->next = m->bucket[hash & (m->size - 1)];
	m->bucket[hash & (m->size - 1)] = n;
	m->cnt++;
	return 0;
}

void hmap_del(struct hmap *m, struct hnode *n)
{
	struct hnode **p;

	if (!m->size)
		return;
	for (p = &m->bucket[n->hash & (m->size - 1)]; *p; p = &(*p)->next) {
		if (*p == n) {
			*p = n->next;
			m->cnt--;
			return;
		}
	}
}

static struct hnode *same_hash(struct hnode *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct hnode *hmap_first(const struct hmap *m, uint64_t hash)
{
	return m->size ? same_hash(m->bucket[hash & (m->size - 1)], hash) : NULL;
}

struct hnode *hmap_next(const struct hnode *n)
{
	return same_hash(n->next, n->hash);
}

struct hnode *hmap_bucket(const struct hmap *m, size_t i)
{
	return m->bucket[i];
}

void hmap_free(struct hmap *m)
{
	free(m->bucket);
	memset(m, 0, sizeof(*m));
}

void hmap_free_all(struct hmap *m, size_t offset)
{
	for (size_t i = 0; i < m->size; i++) {
		struct hnode *n = hmap_bucket(m, i);

		while (n) {
			struct hnode *next = n->next;

			free((char *)n - offset);
			n = next;
		}
	}
	hmap_free(m);
}

/* Multiply and fold, eight bytes at a time */
static uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= 0x9e3779b97f4a7c15ULL;
	return h ^ (h >> 29);
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
	const uint8_t *p = data;
	uint64_t h = mix(seed, len);

	while (len >= 8) {
		uint64_t v;

		memcpy(&v, p, 8);
		h = mix(h, v);
		p += 8;
		len -= 8;
	}
	if (len) {
		uint64_t v = 0;

		memcpy(&v, p, len);
		h = mix(h, v);
	}
	return mix(h, h >> 32);
}
