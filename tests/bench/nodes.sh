#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A cluster's worth of captures: NODES (100) files of PACKETS (100000) each, before and after, merged by show
# and compared by diff. Prints time and peak memory of each; tests/bench/nodes.sh [NODES [PACKETS]]

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

nodes=${1:-100} packets=${2:-100000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
programs=$(cd "$root" && find .output -path '*/tests/bench/usage' -type f -perm -u+x | head -n 1)
[ -n "$programs" ] || { fail "bench nodes" "expected tests/bench/usage, run make bench-progs" && exit 1; }
programs=$root/$(dirname "$programs")

mkdir "$dir/before" "$dir/after"
for ((i = 0; i < nodes; i++)); do
	name=$(printf 'node%03d.pcapng' "$i")
	"$programs/gen" "$dir/before/$name" "$packets" 10 20000 "$i" "$nodes"
	"$programs/gen" "$dir/after/$name" "$packets" 0 20000 "$i" "$nodes" 3600
done

# cost NAME STATUSES COMMAND...: CPU time, peak memory; a failure if it exits with another status
cost() {
	local name=$1 statuses=$2 us kib status

	"$programs/usage" "$dir/$name" "${@:3}" >"$dir/$name.out" 2>"$dir/$name.err"
	read -r us kib status <"$dir/$name"
	if [[ " $statuses " != *" $status "* ]]; then
		fail "bench nodes: $name" "expected exit status $statuses, saw $status: $(tail -n 1 "$dir/$name.err")"
		return
	fi
	ok "bench nodes: $name of $nodes nodes, $packets packets each: $(awk -v t="$us" 'BEGIN { printf "%.1f s", t / 1e6 }') of CPU, $((kib / 1024)) MiB"
	tail -n 2 "$dir/$name.out" >&2
}
cost show '0' "$calitrace" show --summary "$dir/before"
cost diff '0 1 3' "$calitrace" diff -q "$dir/before" "$dir/after"
