/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-1 (RFC 3174), for names that Calico derives from it: libc has none. Not for anything that
 * has to resist an attacker. Pure.
 */
#ifndef CALITRACE_SHA1_H
#define CALITRACE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

#define SHA1_LEN 20

void sha1(const void *data, size_t len, uint8_t out[SHA1_LEN]);

/*
 * The name of the node's end of a pod's veth pair: "cali" (Felix' default interface prefix) and the
 * first eleven hex digits of SHA-1("NAMESPACE.POD").
 */
void pod_dev_name(const char *ns, const char *pod, char out[DEV_LEN]);

#endif
