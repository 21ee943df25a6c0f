// SPDX-License-Identifier: GPL-2.0-only
/*
 * gen: a small vmlinux.h out of a kernel's BTF.
 *
 * usage: gen BTF ROOTS > vmlinux.h
 *
 * "bpftool btf dump format c" writes every type of the kernel (3 MB). This
 * program writes the types that the file ROOTS names and what those embed by
 * value; whatever is only pointed to stays a forward declaration, so a type
 * that BPF code dereferences has to be a root itself.
 *
 * ROOTS, one a line, '#' starts a comment:
 *
 *   struct NAME            the whole type (also union, enum, typedef)
 *   struct NAME { a b c }  only these members. Offsets are then wrong in the
 *                          header and right in the kernel: CO-RE relocates by
 *                          name. sizeof() of such a type means nothing.
 *   value NAME             the unnamed enum that has this enumerator
 *
 * The input is raw BTF as in /sys/kernel/btf/vmlinux, or any file that holds
 * it uncompressed, such as an arm64 Image: the BTF header is searched for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#define MAX_WORDS 64

struct gen {
	struct btf *btf;
	struct btf_dump *dump;
	const char *roots;
	int line;
};

static void out(void *ctx, const char *fmt, va_list args)
{
	(void)ctx;
	vprintf(fmt, args);
}

static char *read_all(const char *path, size_t *ret_len)
{
	size_t len = 0, cap = 1 << 20;
	char *buf = malloc(cap);
	FILE *f = fopen(path, "rb");

	if (!f || !buf)
		goto fail;
	for (;;) {
		size_t n = fread(buf + len, 1, cap - len, f);
		char *bigger;

		len += n;
		if (n == 0)
			break;
		if (len < cap)
			continue;
		bigger = realloc(buf, cap *= 2);
		if (!bigger)
			goto fail;
		buf = bigger;
	}
	fclose(f);
	*ret_len = len;
	return buf;
fail:
	if (f)
		fclose(f);
	free(buf);
	return NULL;
}

/* The first thing in BUF that has a BTF header and parses: modules' BTF and stray bytes do not. */
static struct btf *find_btf(const char *buf, size_t len)
{
	static const unsigned char magic[8] = { 0x9f, 0xeb, 1, 0, 0x18, 0, 0, 0 };
	const char *at = buf;
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t hdr_len, type_off, type_len, str_off, str_len;
	} hdr;

	while ((at = memmem(at, len - (at - buf), magic, sizeof(magic)))) {
		size_t left = len - (at - buf);

		if (left < sizeof(hdr))
			break;
		memcpy(&hdr, at, sizeof(hdr));
		if ((uint64_t)hdr.hdr_len + hdr.str_off + hdr.str_len <= left &&
		    hdr.type_len > 4096) {
			struct btf *btf = btf__new(at, hdr.hdr_len + hdr.str_off + hdr.str_len);

			if (btf)
				return btf;
		}
		at++;
	}
	return NULL;
}

static bool has_enumerator(const struct btf *btf, const struct btf_type *t, const char *name)
{
	for (int i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_is_enum(t) ? btf_enum(t)[i].name_off : btf_enum64(t)[i].name_off;

		if (strcmp(btf__name_by_offset(btf, off), name) == 0)
			return true;
	}
	return false;
}

static int find_value(const struct btf *btf, const char *name)
{
	int n = (int)btf__type_cnt(btf);

	for (int id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_is_any_enum(t) && has_enumerator(btf, t, name))
			return id;
	}
	return -ENOENT;
}

static int find_root(const struct btf *btf, const char *kind, const char *name)
{
	if (strcmp(kind, "value") == 0)
		return find_value(btf, name);
	if (strcmp(kind, "struct") == 0)
		return btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	if (strcmp(kind, "union") == 0)
		return btf__find_by_name_kind(btf, name, BTF_KIND_UNION);
	if (strcmp(kind, "typedef") == 0)
		return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (strcmp(kind, "enum") == 0) {
		int id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM);

		return id > 0 ? id : btf__find_by_name_kind(btf, name, BTF_KIND_ENUM64);
	}
	return -EINVAL;
}

/* NAME is member M itself or lies in the unnamed struct or union that M is. */
static bool member_has(const struct btf *btf, const struct btf_member *m, const char *name)
{
	const char *own = btf__name_by_offset(btf, m->name_off);
	const struct btf_type *t;

	if (*own)
		return strcmp(own, name) == 0;
	t = btf__type_by_id(btf, m->type);
	for (int i = 0; i < btf_vlen(t); i++)
		if (member_has(btf, btf_members(t) + i, name))
			return true;
	return false;
}

/* Dump what a member's declaration needs complete. The members of an unnamed
 * struct come with it, and libbpf only declares what is behind a pointer.
 */
static int dump_needed(struct gen *g, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(g->btf, id);

	while (btf_is_mod(t) || btf_is_array(t)) {
		id = btf_is_array(t) ? btf_array(t)->type : t->type;
		t = btf__type_by_id(g->btf, id);
	}
	if (!btf_is_composite(t) || t->name_off)
		return btf_dump__dump_type(g->dump, id);
	for (int i = 0; i < btf_vlen(t); i++) {
		int err = dump_needed(g, btf_members(t)[i].type);

		if (err)
			return err;
	}
	return 0;
}

static int dump_members(struct gen *g, const struct btf_type *t, char **names, int name_cnt)
{
	bool wanted[4096] = { false };

	for (int n = 0; n < name_cnt; n++) {
		bool found = false;

		for (int i = 0; i < btf_vlen(t) && i < 4096; i++)
			if (member_has(g->btf, btf_members(t) + i, names[n]))
				wanted[i] = found = true;
		if (!found) {
			fprintf(stderr, "%s:%d: no member %s\n", g->roots, g->line, names[n]);
			return -ENOENT;
		}
	}
	for (int i = 0; i < btf_vlen(t); i++) {
		int err = wanted[i] ? dump_needed(g, btf_members(t)[i].type) : 0;

		if (err)
			return err;
	}
	printf("struct %s {\n", btf__name_by_offset(g->btf, t->name_off));
	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts,
			    .field_name = btf__name_by_offset(g->btf, m->name_off),
			    .indent_level = 1);
		uint32_t bits = btf_member_bitfield_size(t, i);
		int err;

		if (!wanted[i])
			continue;
		printf("\t");
		err = btf_dump__emit_type_decl(g->dump, m->type, &opts);
		if (err)
			return err;
		if (bits)
			printf(": %u", bits);
		printf(";\n");
	}
	printf("};\n\n");
	return 0;
}

static int dump_root(struct gen *g, char **word, int cnt)
{
	int id;

	if (cnt < 2)
		return -EINVAL;
	id = find_root(g->btf, word[0], word[1]);
	if (id < 0) {
		fprintf(stderr, "%s:%d: this kernel has no %s %s\n", g->roots, g->line, word[0],
			word[1]);
		return id;
	}
	if (cnt == 2)
		return btf_dump__dump_type(g->dump, id);
	if (cnt < 5 || strcmp(word[0], "struct") || strcmp(word[2], "{") ||
	    strcmp(word[cnt - 1], "}"))
		return -EINVAL;
	return dump_members(g, btf__type_by_id(g->btf, id), word + 3, cnt - 4);
}

static int dump_roots(struct gen *g)
{
	FILE *f = fopen(g->roots, "r");
	char text[4096];
	int err = f ? 0 : -errno;

	while (!err && fgets(text, sizeof(text), f)) {
		char *word[MAX_WORDS], *save = NULL;
		int cnt = 0;

		g->line++;
		text[strcspn(text, "#\n")] = '\0';
		for (char *w = strtok_r(text, " \t", &save); w && cnt < MAX_WORDS;
		     w = strtok_r(NULL, " \t", &save))
			word[cnt++] = w;
		if (cnt)
			err = dump_root(g, word, cnt);
	}
	if (f)
		fclose(f);
	return err;
}

int main(int argc, char **argv)
{
	struct gen g = { 0 };
	size_t len = 0;
	char *buf;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: gen BTF ROOTS > vmlinux.h\n");
		return 2;
	}
	buf = read_all(argv[1], &len);
	g.btf = buf ? find_btf(buf, len) : NULL;
	if (!g.btf) {
		fprintf(stderr, "gen: no BTF in %s\n", argv[1]);
		return 1;
	}
	g.roots = argv[2];
	g.dump = btf_dump__new(g.btf, out, NULL, NULL);
	err = g.dump ? dump_roots(&g) : -errno;
	if (err)
		fprintf(stderr, "gen: %s:%d: %s\n", g.roots, g.line, strerror(-err));
	btf_dump__free(g.dump);
	btf__free(g.btf);
	free(buf);
	return err || fflush(stdout) ? 1 : 0;
}
