#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the README says of building: one static file that runs where nothing else is, the kernel
# side for arm64 from any machine, a tree that lint finds clean. tests/build/build.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)

# made NAME TARGET
made() {
	if make -s "$2" >"$out/$2.log" 2>&1; then
		ok "$1"
	else
		fail "$1" "expected make $2 to succeed, saw $(grep -v warning "$out/$2.log" | tail -n 1)"
	fi
}

# A root that holds the file and the kernel's file systems: no libc, no shell
test_static() {
	local root=$out/root said

	mkdir -p "$root/proc" "$root/sys"
	cp calitrace-static "$root/calitrace"
	said=$(chroot "$root" /calitrace --version 2>&1) || :
	[[ $said == "calitrace "* ]] || echo "expected a version, saw $said"
	# shellcheck disable=SC2016 # expanded by the inner shell
	said=$(unshare -m sh -c 'mount --bind /proc "$1/proc" && mount --rbind /sys "$1/sys" &&
		exec chroot "$1" /calitrace doctor' sh "$root" 2>&1) || echo "expected exit status 0"
	grep -q '^ok *tracing' <<<"$said" || echo "expected that it can trace, saw $(tail -n 1 <<<"$said")"
}

# A tracing program with a function of its own panics kernels without 0108a4e9f358 (6.5): all that
# is not a program has to be inlined.
test_inlined() {
	local size

	size=$(readelf -SW .output/*/calitrace.bpf.o | sed -nE 's/.* \.text +PROGBITS +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) .*/\1/p' |
		tr -d '0\n')
	[ -z "$size" ] || echo "expected an empty .text, saw $size bytes of it (hexadecimal)"
}

check "the kernel side has no functions but its programs" test_inlined
made "make static" static
check "the static file runs in an empty root" test_static
made "the kernel side compiles for arm64" bpf-arm64
made "make lint" lint
