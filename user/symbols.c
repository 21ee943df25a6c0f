// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers to names. Reasons are renumbered from release to release, so they come from
 * the running kernel's BTF. Function names come from kallsyms, 10 MB of text that takes
 * seconds in an emulated machine: read once, at the first use, and kept as one
 * block of names and a table sorted by address.
 */
#include "symbols.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "priv.h"

#define REASON_PREFIX "SKB_DROP_REASON_"
#define RETRY_NS 5000000000ull
/* How long a list of modules is taken for what it was */
#define MODULES_NS 100000000ull
#define CHUNK (256 * 1024)
/* kallsyms tells no sizes. Behind the last function of a module comes what was not there then. */
#define LAST_FUNCTION_MAX 8192

struct symbol {
	uint64_t addr;
	uint32_t name;	/* offset into names */
	uint32_t owner; /* 0: the kernel, else one number for each module */
};

struct kallsyms {
	struct symbol *sym;
	size_t cnt, cap;
	char *names;
	size_t names_len, names_cap;
};

/* What was asked lately, by a hash of the address */
#define ASKED 64
#define ASKED_NS 1000000000ull
struct asked {
	uint64_t addr, ns; /* 0: none */
	char name[64];
};

struct symbols {
	char path[PATH_MAX], modules_path[PATH_MAX];
	char **reason; /* by number, NULL: none */
	uint32_t reason_cnt;
	bool reasons_read, kallsyms_read;
	uint64_t read_ns, modules_ns;
	uint64_t modules; /* fingerprint of the list when kallsyms was read */
	struct kallsyms k;
	char text[128];
	symbols_fn ask; /* NULL: kallsyms is read */
	void *ask_ctx;
	struct asked asked[ASKED];
};

int symbols__new(const char *host_root, struct symbols **ret)
{
	struct symbols *s = calloc(1, sizeof(*s));
	int n, m;

	if (!s)
		return -ENOMEM;
	n = snprintf(s->path, sizeof(s->path), "%s/proc/kallsyms", host_root);
	m = snprintf(s->modules_path, sizeof(s->modules_path), "%s/proc/modules", host_root);
	if (n < 0 || m < 0 || (size_t)n >= sizeof(s->path) ||
	    (size_t)m >= sizeof(s->modules_path)) {
		free(s);
		return -ENAMETOOLONG;
	}
	*ret = s;
	return 0;
}

static void kallsyms_free(struct kallsyms *k)
{
	free(k->sym);
	free(k->names);
	*k = (struct kallsyms){ 0 };
}

void symbols__free(struct symbols *s)
{
	uint32_t i;

	if (!s)
		return;
	for (i = 0; i < s->reason_cnt; i++)
		free(s->reason[i]);
	free(s->reason);
	kallsyms_free(&s->k);
	free(s);
}

/* ---- drop reasons ---- */

static void take_reasons(struct symbols *s, const struct btf *btf, const struct btf_type *t)
{
	const struct btf_enum *e = btf_enum(t);
	uint32_t i, max = 0, cnt = btf_vlen(t);

	/* The rest are masks for subsystems */
	for (i = 0; i < cnt; i++) {
		if (e[i].val > 0 && e[i].val < 0x10000 && (uint32_t)e[i].val > max)
			max = (uint32_t)e[i].val;
	}
	s->reason = calloc(max + 1, sizeof(*s->reason));
	if (!s->reason)
		return;
	s->reason_cnt = max + 1;
	for (i = 0; i < cnt; i++) {
		const char *name = btf__str_by_offset(btf, e[i].name_off);

		if (e[i].val < 0 || (uint32_t)e[i].val > max || !name || s->reason[e[i].val])
			continue;
		if (!strncmp(name, REASON_PREFIX, strlen(REASON_PREFIX)))
			name += strlen(REASON_PREFIX);
		s->reason[e[i].val] = strdup(name);
	}
}

void symbols__learn(struct symbols *s, const struct btf *btf)
{
	int id;

	if (s->reasons_read)
		return;
	s->reasons_read = true;
	id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	if (id > 0)
		take_reasons(s, btf, btf__type_by_id(btf, (uint32_t)id));
}

static void read_reasons(struct symbols *s)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (btf)
		symbols__learn(s, btf);
	s->reasons_read = true;
	btf__free(btf);
}

const char *symbols__reason(struct symbols *s, uint32_t reason)
{
	if (!reason)
		return "";
	if (reason >> 16) {
		snprintf(s->text, sizeof(s->text), "SUBSYS_%u.%u", reason >> 16, reason & 0xffff);
		return s->text;
	}
	if (!s->reasons_read)
		read_reasons(s);
	return reason < s->reason_cnt && s->reason[reason] ? s->reason[reason] : "";
}

/* ---- kallsyms ---- */

static int add_symbol(struct kallsyms *k, uint64_t addr, uint32_t owner, const char *name,
		      size_t len)
{
	void *grown;

	if (k->cnt == k->cap) {
		k->cap = k->cap ? 2 * k->cap : 65536;
		grown = realloc(k->sym, k->cap * sizeof(*k->sym));
		if (!grown)
			return -ENOMEM;
		k->sym = grown;
	}
	if (k->names_len + len + 1 > k->names_cap) {
		k->names_cap = k->names_cap ? 2 * k->names_cap : 2u << 20;
		grown = realloc(k->names, k->names_cap);
		if (!grown)
			return -ENOMEM;
		k->names = grown;
	}
	k->sym[k->cnt++] = (struct symbol){ addr, (uint32_t)k->names_len, owner };
	memcpy(k->names + k->names_len, name, len);
	k->names[k->names_len + len] = '\0';
	k->names_len += len + 1;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* What the parser remembers from line to line */
struct parse {
	struct kallsyms *k;
	char module[64];
	uint32_t owner;
};

/* The lines of a module stand together, so a new name is a new owner. */
static uint32_t owner_of(struct parse *p, const char *module, size_t len)
{
	if (!len)
		return 0;
	if (len >= sizeof(p->module))
		len = sizeof(p->module) - 1;
	if (strlen(p->module) != len || memcmp(p->module, module, len)) {
		memcpy(p->module, module, len);
		p->module[len] = '\0';
		p->owner++;
	}
	return p->owner;
}

/* "ffffffff81000000 T name" and for a module "\t[module]" behind it; 0 or -ENOMEM */
static int parse_line(struct parse *p, const char *line, const char *end)
{
	const char *tab, *name;
	uint64_t addr = 0;
	size_t len;
	int d;

	for (; line < end && (d = hex_digit(*line)) >= 0; line++)
		addr = addr << 4 | (uint64_t)d;
	if (end - line < 4 || line[0] != ' ' || line[2] != ' ' || !strchr("tTwW", line[1]) || !addr)
		return 0;
	name = line + 3;
	tab = memchr(name, '\t', (size_t)(end - name));
	len = (size_t)((tab ? tab : end) - name);
	/* gcc's suffixes (.constprop.0, .isra.0, .part.0, .cold): C itself has no dots */
	tab = tab ? tab + 1 : end;
	if (len > 1 && memchr(name + 1, '.', len - 1))
		len = (size_t)((const char *)memchr(name + 1, '.', len - 1) - name);
	return add_symbol(p->k, addr, owner_of(p, tab, (size_t)(end - tab)), name, len);
}

/* Whole lines of the buffer; the number of bytes used, or -ENOMEM */
static ssize_t parse_chunk(struct parse *p, const char *buf, size_t len)
{
	const char *at = buf, *end;

	while ((end = memchr(at, '\n', len - (size_t)(at - buf)))) {
		int err = parse_line(p, at, end);

		if (err)
			return err;
		at = end + 1;
	}
	return at - buf;
}

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* aliases in the order of the file, like the kernel prints them */
	return x->name < y->name ? -1 : x->name > y->name;
}

static int parse_file(struct kallsyms *k, int fd, char *buf)
{
	struct parse p = { .k = k };
	size_t have = 0;
	ssize_t n, used;

	for (;;) {
		n = read(fd, buf + have, CHUNK - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		have += (size_t)n;
		used = parse_chunk(&p, buf, have);
		if (used < 0)
			return (int)used;
		have -= (size_t)used;
		memmove(buf, buf + used, have);
		if (have == CHUNK)
			return -EBADMSG;
	}
}

/*
 * Which modules stand where: FNV-1a over name, size and address of each line, which reads
 * "nf_tables 372736 8 nft_compat, Live 0xffffffffc0403000". How many use it changes all the time.
 * 0: there is no such list.
 */
static uint64_t modules_fingerprint(const char *path)
{
	uint64_t hash = 14695981039346656037ull;
	FILE *f = fopen(path, "re");
	int c, field = 0;

	if (!f)
		return 0;
	while ((c = getc(f)) != EOF) {
		if (c == '\n')
			field = 0;
		else if (c == ' ')
			field++;
		if (field != 2 && field != 3 && field != 4)
			hash = (hash ^ (unsigned)c) * 1099511628211ull;
	}
	fclose(f);
	return hash;
}

static void read_kallsyms(struct symbols *s, uint64_t now_ns)
{
	char *buf = malloc(CHUNK);
	/* whether it tells addresses is decided when it is opened */
	const struct priv_raised raised = priv_raise(CAP_SYSLOG, CAP_SYSLOG);
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);

	priv_lower(&raised);
	kallsyms_free(&s->k);
	s->kallsyms_read = true;
	s->read_ns = s->modules_ns = now_ns;
	/* before the symbols: a module that comes meanwhile makes it differ the next time */
	s->modules = modules_fingerprint(s->modules_path);
	if (buf && fd >= 0 && parse_file(&s->k, fd, buf))
		kallsyms_free(&s->k);
	if (s->k.cnt)
		qsort(s->k.sym, s->k.cnt, sizeof(*s->k.sym), by_addr);
	if (fd >= 0)
		close(fd);
	free(buf);
}

/* *ret_module: the address is a module's, or nobody's; such a name may be out of date */
static const char *look_up(const struct kallsyms *k, uint64_t addr, bool *ret_module)
{
	size_t lo = 0, hi = k->cnt, i;

	*ret_module = true;
	/* the first one behind addr */
	while (lo < hi) {
		i = lo + (hi - lo) / 2;
		if (k->sym[i].addr <= addr)
			lo = i + 1;
		else
			hi = i;
	}
	if (!lo)
		return NULL;
	i = lo - 1;
	if ((lo == k->cnt || k->sym[lo].owner != k->sym[i].owner) &&
	    addr - k->sym[i].addr >= LAST_FUNCTION_MAX)
		return NULL;
	while (i && k->sym[i - 1].addr == k->sym[i].addr)
		i--;
	*ret_module = k->sym[i].owner != 0;
	return k->names + k->sym[i].name;
}

/* Has a module come, gone or moved since kallsyms was read? Looks at most ten times a second. */
static bool modules_changed(struct symbols *s, uint64_t now_ns)
{
	if (now_ns - s->modules_ns < MODULES_NS)
		return false;
	s->modules_ns = now_ns;
	return modules_fingerprint(s->modules_path) != s->modules;
}

/* ---- asked one by one ---- */

void symbols__ask(struct symbols *s, symbols_fn fn, void *ctx)
{
	s->ask = fn;
	s->ask_ctx = ctx;
}

/* NULL: nobody can be asked. An answer holds for a second: a module may move. */
static const char *ask(struct symbols *s, uint64_t addr, uint64_t now_ns)
{
	struct asked *a = &s->asked[(addr ^ addr >> 6) % ASKED];
	char text[128];

	if (a->addr == addr && now_ns - a->ns < ASKED_NS)
		return a->name;
	if (!s->ask || s->ask(s->ask_ctx, addr, text, sizeof(text))) {
		s->ask = NULL;
		return NULL;
	}
	a->addr = addr;
	a->ns = now_ns;
	/* gcc's suffixes and the module, see parse_line(); nobody's is told in hex */
	if (text[0])
		text[1 + strcspn(text + 1, ". ")] = '\0';
	if (!strncmp(text, "0x", 2) || strlen(text) >= sizeof(a->name))
		text[0] = '\0';
	memcpy(a->name, text, strlen(text) + 1);
	return a->name;
}

/*
 * A module that came after the last reading has unknown addresses, or such as lie behind the last
 * function of another one, or where a module was that has gone. kptr_restrict (all addresses are 0)
 * leaves an empty table: that one is not worth a second try.
 */
const char *symbols__location(struct symbols *s, uint64_t addr, uint64_t now_ns)
{
	const char *name;
	bool module;

	if (!addr)
		return "";
	name = ask(s, addr - 1, now_ns);
	if (name)
		return name;
	if (!s->kallsyms_read)
		read_kallsyms(s, now_ns);
	/* a return address: the call stands before it, and may be the function's last */
	name = look_up(&s->k, addr - 1, &module);
	if (!module || !s->k.cnt)
		return name ? name : "";
	if (modules_changed(s, now_ns) || (!name && now_ns - s->read_ns >= RETRY_NS)) {
		read_kallsyms(s, now_ns);
		name = look_up(&s->k, addr - 1, &module);
	}
	return name ? name : "";
}
