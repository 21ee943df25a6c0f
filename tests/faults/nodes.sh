#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Several nodes: k8s01 and k8s02 are captured at once under a fault, and what show says of both files
# names the node that is to blame, and why. And a tracer that comes after the fault, with a baseline
# of before it. tests/faults/nodes.sh LABEL DIR

# shellcheck disable=SC2154,SC2016 # the plan's variables are set by lab.sh env; $lab is jq's

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 out=$2
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
lab_up "${CALITRACE_TEST_PREFIX:-n$$-}n" --encap auto

traffic() { lab traffic "$@" >&2 || :; }

# both NAME TRAFFIC...: captures of k8s01 and k8s02 at once, and what show says of them, with --all
both() {
	local name=$1 node

	shift
	for node in k8s01 k8s02; do
		rm -f "$out/$name.$node.pcapng"
		tracer_run "$name.$node" capture --netns "${node_ns[$node]}" --host-root "${node_root[$node]}" \
			-w "$out/$name.$node.pcapng"
	done
	for node in k8s01 k8s02; do tracer_wait "$name.$node" >&2; done
	traffic "$@"
	# the wait for a reply, and for what may come after it
	sleep 4
	for node in k8s01 k8s02; do tracer_stop "$name.$node"; done
	shown "$name"
}
shown() {
	"$calitrace" show --all -o json "$out/$1.k8s01.pcapng" "$out/$1.k8s02.pcapng" \
		>"$out/$1.json" 2>"$out/$1.show.err" ||
		echo "show of $1: exit status $?: $(tail -n 1 "$out/$1.show.err")" >&2
}

# holds NAME JQ: a condition over all records; of findings the last revisions count
holds() {
	local said

	said=$(jq -s --argjson lab "$(cat "$out/lab.json")" '
		def findings(n): [.[] | select(.type == "finding" and .node == n)] | group_by(.id) | map(max_by(.rev));
		def checks(n; name): [.[] | select(.type == "check" and .node == n and .name == name)];
		def certain(c): any(.because[]?; .cause == c and .confidence == "certain");
		def says(t): ([.explain] + (.evidence // []) | join(" ")) | contains(t);
		'"$2" "$out/$1.json" 2>&1) || said="jq: $said"
	[ "$said" = true ] ||
		echo "expected $2, saw $said and $(jq -c 'select(.type == "finding" or .type == "check") |
			{node, type, name, cause, explain, evidence}' "$out/$1.json" 2>&1 | tail -n 4)"
}

# ---- all is well ----

"$calitrace" capture -d 0 --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" --force \
	-w "$out/baseline.pcapng" 2>"$out/baseline.err" || :
both healthy ping dns
check "$label nodes: healthy: no finding, nothing lacks" holds healthy '
	(map(select(.type == "finding")) == []) and
	([checks("k8s01"; "cluster-routes"), checks("k8s02"; "cluster-addresses")] == [[], []])'
check "$label nodes: the clocks of one machine agree" holds healthy '
	[.[] | select(.type == "clock")] | length == 1 and
	(.[0] | .node == "k8s02" and .reference == "k8s01" and .packets >= 3 and
		(.offset_ns | fabs) <= .error_ns + 5000000)'
check "$label nodes: a journey is told hop by hop over both nodes" holds healthy '
	any(.[]; .type == "packet" and .node == "k8s02" and .src == $lab.client and
		([.path[]?.node] | unique) == ["k8s01", "k8s02"] and
		([.path[].dt_ns] | . == sort) and .path[-1].dev == $lab.dns_dev)'

# ---- what one node alone cannot know ----

lab fault return-route-missing >&2
both return ping dns
lab heal >&2
lab wait >&2
check "$label nodes: return route missing: k8s02 knows that k8s01 lacks it" holds return '
	findings("k8s02") | any(.verdict == "unanswered" and certain("return-route-missing") and
		says("k8s01 has no route to " + $lab.block.k8s02))'
check "$label nodes: return route missing: nothing is left beyond the node" holds return '
	findings("k8s02") | all(all(.because[]; .cause != "beyond-node"))'
check "$label nodes: return route missing: the audit names k8s01 and the block" holds return '
	checks("k8s01"; "cluster-routes") | length > 0 and .[-1].state == "problem" and
		(.[-1] | says("k8s01 lacks 1 route that k8s02 has: " + $lab.block.k8s02))'
check "$label nodes: return route missing: k8s02 is not to blame" holds return '
	checks("k8s02"; "cluster-routes") | all(.state == "ok")'

lab fault allowlist >&2
both allowlist ping dns
lab heal >&2
lab wait >&2
check "$label nodes: dropped at the peer: k8s02 knows who drops its tunnel packets, and why" holds allowlist '
	findings("k8s02") | any(.verdict == "unanswered" and certain("peer-not-in-allowlist") and
		says("k8s01 drops") and says($lab.ip.k8s02))'
check "$label nodes: dropped at the peer: so does k8s01" holds allowlist '
	findings("k8s01") | any(.verdict == "allowlist" and certain("peer-not-in-allowlist"))'

# ---- the incident ----

lab fault incident >&2
both incident ping
check "$label nodes: incident: k8s01 knows k8s02 by an address that it does not use" holds incident '
	checks("k8s02"; "cluster-addresses") | length > 0 and .[0].state == "problem" and
		.[0].cause == "node-address-mismatch" and
		(.[0] | says("k8s01 knows k8s02 as " + $lab.wrong) and says($lab.ip.k8s02))'
check "$label nodes: incident: k8s02 lacks the routes that k8s01 has" holds incident '
	checks("k8s02"; "cluster-routes") | length > 0 and .[0].state == "problem" and
		(.[0] | says("k8s02 lacks 2 routes that k8s01 has") and says($lab.block.k8s01) and
			says("registered as " + $lab.wrong))'

# ---- a tracer that comes late, with a memory ----

live late k8s02 -o json --baseline "$out/baseline.pcapng"
tracer_wait late >&2
traffic ping
sleep 1
tracer_stop late
check "$label nodes: baseline: the missing block, its owner, and since when" holds late '
	findings("k8s02") | any(.block_from == "baseline" and .blocks == [$lab.block.k8s01] and
		.peers == [$lab.ip.k8s01] and .peer_nodes == ["k8s01"] and
		any(.because[]; .cause == "route-missing" and .since_from == "baseline" and .since))'
live without k8s02 -o json
tracer_wait without >&2
traffic ping
sleep 1
tracer_stop without
check "$label nodes: without a baseline nothing of it is claimed" holds without '
	findings("k8s02") | length > 0 and all(.block_from != "baseline" and (.peer_nodes | not) and
		all(.because[]; .since_from != "baseline"))'

audited() {
	local status=0

	"$calitrace" check -o json --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" \
		--baseline "$out/baseline.pcapng" >"$out/check.json" 2>"$out/check.err" || status=$?
	[ $status -eq 1 ] || echo "expected exit status 1, saw $status: $(tail -n 1 "$out/check.err")"
	holds check 'checks("k8s02"; "routes")[0] | .state == "problem" and says("baseline") and
		says($lab.block.k8s01) and says("k8s01, " + $lab.ip.k8s01)'
}
check "$label nodes: baseline: check names the missing blocks and their owners" audited

unusable() {
	local status=0

	"$calitrace" check --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" \
		--baseline "$1" >/dev/null 2>"$out/check.err" || status=$?
	[ $status -eq 2 ] && grep -q "$(basename "$1")" "$out/check.err" ||
		echo "expected exit status 2 and the file's name, saw $status: $(tail -n 1 "$out/check.err")"
}
printf 'no capture' >"$out/nothing.pcapng"
check "$label nodes: baseline: a file that is none is trouble" unusable "$out/nothing.pcapng"
check "$label nodes: baseline: one that is not there, too" unusable "$out/absent.pcapng"
lab heal >&2
