// SPDX-License-Identifier: GPL-2.0-only
/*
 * FILTER's language is libpcap's, and so is its compiler. Packets are compared from the IP header
 * on, hence DLT_RAW; what needs a link layer is refused.
 */
#include <errno.h>
#include <netdb.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "filter_priv.h"
#include "util.h"

/* libpcap's optimizer takes 0.6 s for 2000 bytes of ports, 4.6 s for 4000, 33 s for 8000 */
#define OPTIMIZE_LEN 512
#define SNAPLEN 65535

struct expr {
	struct bpf_program prog;
};

/* glibc has it, its headers do not */
int __nss_configure_lookup(const char *db, const char *service);

static void lookup_in_files(void)
{
	static const char *const db[] = { "hosts", "networks", "services", "protocols", "ethers" };

	for (size_t i = 0; i < ARRAY_SIZE(db); i++)
		__nss_configure_lookup(db[i], "files");
}

static int compile(const char *text, int dlt, struct bpf_program *prog, char *msg, size_t msg_sz)
{
	pcap_t *p = pcap_open_dead(dlt, SNAPLEN);
	bool optimize = strlen(text) <= OPTIMIZE_LEN;
	int err = 0;

	if (!p)
		return -ENOMEM;
	if (pcap_compile(p, prog, text, optimize, PCAP_NETMASK_UNKNOWN)) {
		snprintf(msg, msg_sz, "%s", pcap_geterr(p));
		err = -EINVAL;
	}
	pcap_close(p);
	return err;
}

static bool compiles_for_ethernet(const char *text)
{
	struct bpf_program prog;
	char msg[PCAP_ERRBUF_SIZE];

	if (compile(text, DLT_EN10MB, &prog, msg, sizeof(msg)))
		return false;
	pcap_freecode(&prog);
	return true;
}

/* libpcap would take these bytes from the IP header instead. */
static bool names_link_bytes(const char *text)
{
	static const char *const word[] = { "ether", "link", "fddi", "tr",
					    "wlan",  "ppp",  "slip", "radio" };

	for (size_t i = 0; i < ARRAY_SIZE(word); i++) {
		size_t len = strlen(word[i]);

		for (const char *at = text; (at = strstr(at, word[i])); at += len)
			if ((at == text ||
			     !strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_", at[-1])) &&
			    at[len + strspn(at + len, " \t")] == '[')
				return true;
	}
	return false;
}

/* "arp", "vlan 5", "ether host ..." have a meaning, but not here. */
static bool is_link_layer(const char *text, const char *msg)
{
	return compiles_for_ethernet(text) || strstr(msg, "ifname") || strstr(msg, "linktype") ||
	       strstr(msg, "gateway");
}

static void explain(const char *text, const char *msg, char *why, size_t why_sz)
{
	if (is_link_layer(text, msg))
		snprintf(why, why_sz,
			 "FILTER '%.60s': packets are compared from the IP header on (libpcap: "
			 "%.80s); leave out what speaks of the link layer (ether, vlan, arp, ...)",
			 text, msg);
	else if (strstr(msg, "rejects all"))
		snprintf(why, why_sz,
			 "FILTER '%.60s': no packet can match it; its parts contradict each other",
			 text);
	else if (strstr(msg, "unknown host") || strstr(msg, "unknown network"))
		snprintf(why, why_sz,
			 "FILTER '%.60s': %.80s; names are looked up in /etc/hosts alone, give the "
			 "address",
			 text, msg);
	else
		snprintf(why, why_sz, "FILTER '%.60s': %.120s; man 7 pcap-filter has the syntax",
			 text, msg);
}

/*
 * "inbound" and the like are loads from beyond any packet, where a live capture answers: they
 * compile, and would never match.
 */
static bool needs_live_capture(const struct bpf_program *prog)
{
	for (uint32_t i = 0; i < prog->bf_len; i++) {
		const struct bpf_insn *in = &prog->bf_insns[i];

		if (BPF_CLASS(in->code) == BPF_LD && BPF_MODE(in->code) == BPF_ABS &&
		    in->k > INT32_MAX)
			return true;
	}
	return false;
}

int expr_new(const char *text, struct expr **ret, char *why, size_t why_sz)
{
	char msg[PCAP_ERRBUF_SIZE] = "";
	struct expr *e;
	int err;

	if (strlen(text) >= FILTER_LEN) {
		snprintf(why, why_sz,
			 "FILTER '%.40s...': longer than %d characters; use networks and ranges",
			 text, FILTER_LEN - 1);
		return -EINVAL;
	}
	if (names_link_bytes(text)) {
		explain(text, "no link layer on linktype raw IP", why, why_sz);
		return -EINVAL;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	lookup_in_files();
	err = compile(text, DLT_RAW, &e->prog, msg, sizeof(msg));
	if (!err && needs_live_capture(&e->prog)) {
		pcap_freecode(&e->prog);
		snprintf(msg, sizeof(msg), "no direction on linktype raw IP");
		err = -EINVAL;
	}
	if (err) {
		if (err == -EINVAL)
			explain(text, msg, why, why_sz);
		free(e);
		return err;
	}
	*ret = e;
	return 0;
}

void expr_free(struct expr *e)
{
	if (!e)
		return;
	pcap_freecode(&e->prog);
	free(e);
}

bool expr_match(const struct expr *e, const uint8_t *pkt, size_t len, size_t wire)
{
	struct pcap_pkthdr hdr = { .caplen = (uint32_t)len, .len = (uint32_t)wire };

	return pcap_offline_filter(&e->prog, &hdr, pkt) != 0;
}

const struct bpf_insn *expr_insns(const struct expr *e, uint32_t *cnt)
{
	*cnt = e->prog.bf_len;
	return e->prog.bf_insns;
}
