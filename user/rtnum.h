/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of linux/rtnetlink.h and of the routing daemons (RTPROT_*: iproute2's rt_protos), for
 * pure code, which takes no kernel header.
 */
#ifndef CALITRACE_RTNUM_H
#define CALITRACE_RTNUM_H

#define TABLE_DEFAULT 253
#define TABLE_MAIN 254
#define TABLE_LOCAL 255

#define RTN_UNICAST 1
#define RTN_LOCAL 2
#define RTN_BLACKHOLE 6
#define RTN_UNREACHABLE 7
#define RTN_PROHIBIT 8

#define RTPROT_KERNEL 2
#define RTPROT_BOOT 3
#define RTPROT_STATIC 4
#define RTPROT_RA 9
#define RTPROT_BIRD 12
#define RTPROT_DHCP 16
#define RTPROT_FELIX 80

#endif
