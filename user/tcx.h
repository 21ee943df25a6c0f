/* SPDX-License-Identifier: GPL-2.0-only */
/* TCX links by the raw system call: libbpf 1.1 and the headers of its time do not know them. */
#ifndef CALITRACE_TCX_H
#define CALITRACE_TCX_H

#include <stdbool.h>
#include <stdint.h>

/* At the head of the device's programs. Link fd (caller closes, which detaches) or -errno. */
int tcx_attach(int prog_fd, uint32_t ifindex, bool egress);
/* 0: the kernel has TCX, else -errno. Attaches nothing. */
int tcx_probe(int prog_fd);
/* 0: cannot be told */
uint32_t tcx_prog_id(int prog_fd);
/*
 * Is that program (still) on the device, and does one run before it that is no calitrace's? 0 or
 * -errno. Takes 1 us and the lock of all network configuration.
 */
int tcx_look(uint32_t ifindex, bool egress, uint32_t prog_id, bool *there, bool *front);

#endif
