// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel side in one object, so that all programs share their maps. Each part
 * stands in its own file; programs that a kernel refuses are left out one by
 * one by the loader.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#ifndef true
#define true 1
#define false 0
#endif

#include "events.h"
#include "maps.bpf.h"
#include "life.bpf.h"
#include "emit.bpf.h"
#include "parse.bpf.h"
#include "quick.bpf.h"
#include "facts.bpf.h"
#include "storm.bpf.h"
#include "packet.bpf.h"
#include "path.bpf.h"
#include "drop.bpf.h"
#include "context.bpf.h"
#include "fib.bpf.h"
#include "res.bpf.h"
#include "bgp.bpf.h"
#include "route.bpf.h"
#include "sym.bpf.h"

char _license[] SEC("license") = "GPL";
