/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One question to the kernel over netlink, and its answers. Owns nothing but the
 * file descriptor that nlask__open() returns; the messages are built and taken
 * apart with libnl's nlmsg_ and nla_ functions by the callers.
 *
 * Not libnl's own receive loop: that folds the kernel's errno into its own numbers
 * and passes over the error that older kernels put into NLMSG_DONE (ipset on 5.10).
 */
#ifndef CALITRACE_NLASK_H
#define CALITRACE_NLASK_H

#include <netlink/msg.h>
#include <stddef.h>

/* A datagram of a dump is at most 32 KiB, but a single link with many VFs may be more. */
#define NLASK_BUF_SZ (64 * 1024)

/* A socket of that protocol, close-on-exec, receive time-out 5 s: fd (caller closes) or -errno. */
int nlask__open(int protocol);

/* One answer; bounds are checked (nlmsg_len lies within the buffer). < 0: give up with that. */
typedef int (*nlask_fn)(void *ctx, struct nlmsghdr *nlh);

/*
 * Sends msg (the sequence number is set here) and calls fn for each answer up to the last one.
 * NLM_F_REQUEST and NLM_F_DUMP or NLM_F_ACK must be set by the caller. 0, the kernel's -errno,
 * -EINTR: the dump is inconsistent, -EMSGSIZE: an answer beyond the buffer, -ETIMEDOUT.
 */
int nlask(int fd, struct nl_msg *msg, nlask_fn fn, void *ctx);

#endif
