#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How long "calitrace check" takes on a node with 5000 routes to blocks and 1000 pods, one of 300
# nodes: tests/bench/check.sh. The limit is 0.2 s; as a test is no place for timing, it fails at
# ten times that.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

runs=9 lab_file=/dev/null
lab_up "${CALITRACE_TEST_PREFIX:-t$$-}bench-" --node-net 10.2.0.0/16 --pool 10.224.0.0/11
lab big 300 3 5000 1000 >&2
times=()
for ((i = 0; i < runs; i++)); do
	start=$EPOCHREALTIME status=0
	"$calitrace" check --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" >/dev/null || status=$?
	end=$EPOCHREALTIME
	[ $status -eq 0 ] || { fail "bench check" "expected exit status 0, saw $status" && exit 1; }
	times+=($((${end/./} - ${start/./})))
done
lab down >&2
median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$((runs / 2 + 1))p")
if ((median < 2000000)); then
	ok "bench check: 5000 routes, 1000 pods: median of $runs runs $((median / 1000)) ms (limit 200 ms)"
else
	fail "bench check" "expected less than 2 s, saw $((median / 1000)) ms"
fi
