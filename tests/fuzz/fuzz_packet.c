// SPDX-License-Identifier: GPL-2.0-only
/* Packets that others captured: the type of their link, two octets, then the packet. */
#include <stdlib.h>

#include "cap_reader.h"
#include "fuzz.h"

int FUZZ_TARGET(packet)(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct obs o = { .kind = OBS_PATH };
	struct fuzz_sink *s = fuzz_sink__new();
	uint16_t link = fuzz_u8(&in);
	size_t len = 0;
	uint8_t *p;

	link = (uint16_t)(link << 8 | fuzz_u8(&in));
	p = fuzz_part(&in, NULL, &len);
	if (p && cap_dissect(link, p, len, &o))
		fuzz_sink__obs(s, &o);
	free(p);
	fuzz_sink__free(s);
	return 0;
}
