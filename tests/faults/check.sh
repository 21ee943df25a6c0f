#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Judge what tests/faults/record.sh wrote down: tests/faults/check.sh LABEL DIR [FAULT...]
# One result for each fault, time of start, and node.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 dir=$2
shift 2
here=$(dirname "$0")
[ $# -gt 0 ] || set -- incident block-withdrawn session-down bird-killed return-route-missing \
	unreachable-route no-default-route stale-pod

judge() {
	local name=$1 trace=$dir/$2 said count

	if [ ! -e "$trace.run" ]; then
		fail "$name" "expected a finished trace, saw none: $(tail -qn 1 "$trace.err" 2>/dev/null)"
		return
	fi
	if ! said=$(jq -rs --argjson lab "$(<"$dir/lab.json")" --argjson run "$(<"$trace.run")" \
		-f "$here/check.jq" "$trace.json" 2>&1); then
		fail "$name" "expected lines of JSON: $said"
		return
	fi
	if [ -z "$said" ]; then
		ok "$name"
		return
	fi
	echo "-- $name"$'\n'"$said" >&2
	count=$(grep -c '' <<<"$said")
	said=${said%%$'\n'*}
	((count == 1)) || said+=" (and $((count - 1)) more complaints)"
	fail "$name" "$said"
}

for fault; do
	for mode in before late; do
		for node in k8s01 k8s02; do
			judge "$label $fault, started $mode, on $node" "$fault.$mode.$node"
		done
	done
done
