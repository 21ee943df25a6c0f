// SPDX-License-Identifier: GPL-2.0-only
/* Tables of the legacy iptables: five hooks' entries and underflows, two octets each, then the rules. */
#include <stdlib.h>

#include "fuzz.h"
#include "nfrules.h"

int FUZZ_TARGET(tables)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct nfrules rules = { .chain_cnt = 0 };
	uint32_t entry[5], underflow[5];
	struct nfr_blob b = {
		.table = "filter",
		.hook_entry = entry,
		.underflow = underflow,
	};
	uint8_t *p;

	b.valid_hooks = fuzz_u8(&in);
	for (int i = 0; i < 10; i++) {
		uint32_t off = fuzz_u8(&in);

		off |= (uint32_t)fuzz_u8(&in) << 8;
		*(i < 5 ? &entry[i] : &underflow[i - 5]) = off;
	}
	p = fuzz_part(&in, NULL, &b.len);
	b.data = p;
	if (p)
		nfr_legacy_table(&rules, &b);
	nfrules_sort(&rules);
	nfrules_link(&rules);
	nfrules_free(&rules);
	free(p);
	return 0;
}
