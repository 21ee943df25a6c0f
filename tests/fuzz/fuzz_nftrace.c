// SPDX-License-Identifier: GPL-2.0-only
/* What nf_tables traces: datagrams, each behind two octets of its length. */
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "fuzz.h"
#include "nftrace.h"

static void take(struct nftrace_ids *ids, struct nlmsghdr *nlh, int left, struct fuzz_sink *s)
{
	struct obs o = { .kind = OBS_NFTRACE, .ts_ns = 1 };

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		if (!nftrace_decode(ids, nlh, &o.nftrace))
			continue;
		/* nobody is blamed without a packet and a chain */
		if (!addr_is_set(&o.nftrace.src) || !o.nftrace.rule.chain[0])
			abort();
		fuzz_sink__obs(s, &o);
	}
}

int FUZZ_TARGET(nftrace)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fuzz_sink *s = fuzz_sink__new();
	struct nftrace_ids ids = { 0 };

	while (in.len) {
		size_t n = fuzz_u8(&in);
		void *p;

		n |= (size_t)fuzz_u8(&in) << 8;
		n = n < in.len ? n : in.len;
		/* exactly as long as it is, so that a sanitizer sees the octet behind it */
		p = malloc(n ? n : 1);
		if (!p)
			abort();
		memcpy(p, in.p, n);
		take(&ids, p, (int)n, s);
		free(p);
		in.p += n;
		in.len -= n;
	}
	fuzz_sink__free(s);
	return 0;
}
