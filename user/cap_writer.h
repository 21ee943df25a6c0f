/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the writer: names of devices and their interface blocks, the comment of a packet. */
#ifndef CALITRACE_CAP_WRITER_H
#define CALITRACE_CAP_WRITER_H

#include "capfile.h"

/* "netns:4294967295/" and a name */
#define CAP_NAME_LEN 40
#define CAP_NO_BLOCK UINT32_MAX

struct cap_dev {
	uint32_t netns; /* 0: the node's */
	uint32_t ifindex;
	bool used;
	bool gone; /* its link was deleted */
	uint8_t name_len;
	uint32_t block; /* number of its interface block, CAP_NO_BLOCK: none yet */
	char name[CAP_NAME_LEN];
};

/* Devices by namespace and number; ifindex 0 is "none" */
struct cap_devs {
	struct cap_dev *dev;
	uint32_t cap, cnt; /* cap: a power of two */
};

/* 0 or -ENOMEM */
int cap_devs__init(struct cap_devs *d);
void cap_devs__free(struct cap_devs *d);
/* The device's entry, a new one named "if42" if nobody named it; NULL: no memory */
struct cap_dev *cap_devs__get(struct cap_devs *d, uint32_t netns, uint32_t ifindex);
/* What links say: a device of the node's has another name from here on. 0 or -ENOMEM */
int cap_devs__link(struct cap_devs *d, const struct link_info *l);
/* The node's link was deleted: forgotten with the next file */
void cap_devs__unlink(struct cap_devs *d, const struct link_info *l);
/* No interface block is written any more: a new file begins. Only the node's devices keep their names. */
void cap_devs__restart(struct cap_devs *d);

/* Longest headers made again: IPv6 and TCP */
#define CAP_REBUILD_MAX 60u
/* Headers of a packet of which no octet was observed; returns their length. */
size_t cap_rebuild(uint8_t *out, const struct obs_pkt *p);

/* Longest comment */
#define CAP_COMMENT_MAX 400u
/*
 * In one line what is known of a packet where it was seen: "tc-egress eth0, via 10.2.7.254 dev
 * eth0, ipip 10.2.7.201 > 10.2.7.200". Not terminated; returns the length. dev is looked at first,
 * as asking for others may move it.
 */
size_t cap_comment(char *out, struct cap_devs *d, uint32_t netns, const struct cap_dev *dev,
		   const struct obs *o);

/*
 * Copies an Enhanced Packet Block with another comment to out, where there is room for len +
 * CAP_COMMENT_LEN + 16 octets. Returns the length; 0: it is none, or damaged.
 */
size_t cap_recomment(uint8_t *out, const uint8_t *block, size_t len, bool swap,
		     const char *comment);

#endif
