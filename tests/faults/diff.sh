#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Captures before and after, compared: what is broken, cured, or cannot be said, and that each block,
# session and flow is named. tests/faults/diff.sh LABEL DIR
#
# Two nodes are captured each time; what the client's node shows alone is compared, too.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 out=$2
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
nodes=(k8s01 k8s02)

# ---- captures ----

# record NAME KIND...: both nodes, while that traffic runs; without any: a moment of silence
record() {
	local name=$1 node status=0

	shift
	mkdir -p "$out/$name"
	for node in "${nodes[@]}"; do
		tracer_run "$name.$node" capture --force --netns "${node_ns[$node]}" --host-root "${node_root[$node]}" \
			--node "$node" -w "$out/$name/$node.pcapng"
	done
	for node in "${nodes[@]}"; do tracer_wait "$name.$node" >&2; done
	[ $# -eq 0 ] || lab traffic "$@" >"$out/$name.traffic" 2>&1 || status=$?
	# Until what goes unanswered is known to
	sleep 3
	for node in "${nodes[@]}"; do
		tracer_stop "$name.$node"
		[ "${tracer_status[$name.$node]}" -eq 0 ] || status=255
	done
	[ $status -ne 255 ] || echo "capture $name of a node failed: $(tail -qn 1 "$out/$name".*.err)" >&2
}

# ---- comparisons ----

# differ BEFORE AFTER [NODE]: to $said, its exit status to $status
differ() {
	local suffix=${3:+/$3.pcapng}

	said=$out/$1-$2${3:+-$3}.json status=0
	"$calitrace" diff -v -o json "$out/$1$suffix" "$out/$2$suffix" >"$said" 2>"$said.err" || status=$?
}

# verdict_is STATUS VERDICT: of what was compared last
verdict_is() {
	[ "$status" -eq "$1" ] && grep -q "\"type\":\"diff\",\"exit\":$1,\"verdict\":\"$2\"" "$said" ||
		echo "expected $1 $2, saw $status: $(tail -n 1 "$said") $(tail -n 1 "$said.err")"
}

# changed NODE WHAT KEY STATE: there is that change
changed() {
	local line

	line=$(grep -F "\"node\":\"$1\",\"what\":\"$2\",\"key\":\"$3\"," "$said") || :
	grep -qF "\"state\":\"$4\"" <<<"$line" ||
		echo "expected $2 $3 of $1 to be $4, saw '$line'"
}

# none STATE: no change is so
none() { ! grep -F "\"state\":\"$1\"" "$said" || echo "expected nothing $1"; }

flows() {
	echo "$block02 > $block01 icmp"
	echo "$block02 > $block01 dns"
	echo "$block02 > $LAB_SERVICE ($block01) dns"
}

# All that the incident takes from the client's node: routes, sessions, flows
incident_is() {
	local node flow

	for node in k8s01 k8s03; do
		local block=NODE_BLOCK_$node ip=NODE_IP_$node
		changed k8s02 route "${!block}" "$1"
		# Behind a reflector the other nodes are no neighbours
		if [ "$node" = k8s01 ] || [ "${LAB_PEERS:-mesh}" = mesh ]; then changed k8s02 peer "${!ip}" "$1"; fi
	done
	flows | while read -r flow; do changed k8s02 flow "$flow" "${2:-$1}"; done
}

# ---- tests: each says what is wrong with it ----

healthy_healthy() {
	differ healthy healed
	verdict_is 0 healthy
	none still-broken
	none fixed
}

healthy_broken() {
	differ healthy broken "$@"
	verdict_is 1 not-cured
	incident_is new
	none fixed
}

broken_healed() {
	differ broken healed "$@"
	verdict_is 0 cured
	incident_is fixed
	none still-broken
	changed k8s02 address "$wrong" new
}

# The other side of the incident: the stale address is a peer no more, and its own is one
stale_peer() {
	differ broken healed k8s01
	changed k8s01 peer "$LAB_WRONG_ADDRESS" fixed
	changed k8s01 peer "$NODE_IP_k8s02" new
	changed k8s01 route "$block02" fixed
}

broken_broken() {
	differ broken broken
	verdict_is 1 not-cured
	incident_is still-broken
}

broken_quiet() {
	differ broken quiet "$@"
	verdict_is 3 cannot-say
	incident_is fixed not-observed
	grep -q 'was not tried again\|has no answered exchange' "$said" ||
		echo "expected a word about what was not tried"
}

# Routes and sessions are there, and pings alone are answered
broken_pinged() {
	differ broken pinged k8s02
	verdict_is 3 cannot-say
	changed k8s02 flow "$block02 > $block01 icmp" fixed
	changed k8s02 flow "$block02 > $block01 dns" not-observed
}

return_route() {
	differ healthy return-route
	verdict_is 1 not-cured
	changed k8s01 route "$block02" new
	changed k8s02 flow "$block02 > $block01 icmp" new
	grep -qF "\"node\":\"k8s01\",\"what\":\"finding\",\"key\":\"leaked/eth0/$block02\"" "$said" ||
		echo "expected the finding on k8s01"
	differ healthy return-route k8s02
	verdict_is 1 not-cured
}

return_route_healed() {
	differ return-route healed-again
	verdict_is 0 cured
	changed k8s01 route "$block02" fixed
	changed k8s02 flow "$block02 > $block01 icmp" fixed
	differ return-route healed-again k8s02
	verdict_is 0 cured
}

# Never cured: 1 or 3
too_early() {
	differ broken "$@"
	[ "$status" -eq 1 ] || [ "$status" -eq 3 ] ||
		echo "expected 1 or 3, saw $status: $(tail -n 1 "$said")"
	grep -q '"verdict":"not-cured"\|"verdict":"cannot-say"' "$said" ||
		echo "expected neither cured nor healthy, saw $(tail -n 1 "$said")"
}

restarting() {
	too_early restart
	too_early restart k8s02
	grep -qi 'restart' "$said" || echo "expected a word about the restart, saw $(tail -n 1 "$said")"
}

allowlist() {
	too_early allowlist
	too_early allowlist k8s02
	too_early allowlist k8s01
}

words() {
	local lines status=0

	lines=$("$calitrace" diff -q "$out/broken" "$out/healed")
	[[ "$lines" == Cured:* ]] || echo "expected one sentence that begins with Cured, saw $lines"
	lines=$("$calitrace" diff "$out/healthy" "$out/broken") || status=$?
	[ $status -eq 1 ] || echo "expected exit status 1, saw $status"
	grep -q "^! k8s02  route .*$block01 .*-> missing" <<<"$lines" || echo "expected the missing route"
	grep -q "^! k8s02  peer .*$NODE_IP_k8s01 .*Established -> " <<<"$lines" || echo "expected the session"
	grep -q "^! k8s02  flow .*$block02 > $block01 icmp" <<<"$lines" || echo "expected the flow"
}

# A file that is cut is trouble, whatever stands in it
cut() {
	local size status=0

	mkdir -p "$out/cut"
	size=$(stat -c %s "$out/healed/k8s02.pcapng")
	head -c $((size - 40)) "$out/healed/k8s02.pcapng" >"$out/cut/k8s02.pcapng"
	"$calitrace" diff "$out/broken/k8s02.pcapng" "$out/cut/k8s02.pcapng" >"$out/cut.txt" 2>&1 || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status: $(head -n 1 "$out/cut.txt")"
	status=0
	"$calitrace" diff "$out/broken/k8s02.pcapng" "$out/none.pcapng" >"$out/cut.txt" 2>&1 || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2 without a file, saw $status"
}

# Another program's capture has no routes: nothing is cured by it
foreign() {
	tcpdump -r "$out/healed/k8s02.pcapng" -w - 2>/dev/null >"$out/foreign.pcap" ||
		echo "expected tcpdump to copy a capture"
	said=$out/foreign.json status=0
	"$calitrace" diff -o json "$out/broken/k8s02.pcapng" "$out/foreign.pcap" >"$said" 2>"$said.err" || status=$?
	verdict_is 3 cannot-say
}

# ---- all of them ----

lab_up "${CALITRACE_TEST_PREFIX:-df}d"
block01=$NODE_BLOCK_k8s01 block02=$NODE_BLOCK_k8s02

record healthy ping dns
lab fault incident >&2
wrong=$(in_netns "${node_ns[k8s02]}" ip -br -4 addr |
	awk -v a="$LAB_WRONG_ADDRESS/" 'index($3, a) == 1 { sub(/@.*/, "", $1); print $3 " dev " $1 }')
record broken ping dns
lab heal >&2
lab wait >&2
record healed ping dns
record pinged ping
record quiet
check "$label diff healthy, healthy" healthy_healthy
check "$label diff healthy, broken" healthy_broken
check "$label diff healthy, broken, of the client's node alone" healthy_broken k8s02
check "$label diff broken, healed" broken_healed
check "$label diff broken, healed, of the client's node alone" broken_healed k8s02
check "$label diff of the peer's node: the stale address" stale_peer
check "$label diff broken, broken" broken_broken
check "$label diff broken, quiet" broken_quiet
check "$label diff broken, quiet, of the client's node alone" broken_quiet k8s02
check "$label diff broken, pings alone" broken_pinged
check "$label diff as text" words
check "$label diff of a file that is cut" cut
check "$label diff with another program's capture" foreign

if why=$(lab can return-route-missing 2>&1); then
	lab fault return-route-missing >&2
	record return-route ping dns
	lab heal >&2
	lab wait >&2
	record healed-again ping dns
	check "$label diff healthy, return route missing" return_route
	check "$label diff return route missing, healed" return_route_healed
else
	skip "$label diff return route missing" "$why"
fi

for fault in graceful-restart:restart:restarting allowlist:allowlist:allowlist; do
	IFS=: read -r fault name test <<<"$fault"
	if ! why=$(lab can "$fault" 2>&1); then
		skip "$label diff too early: $fault" "$why"
		continue
	fi
	lab fault "$fault" >&2
	record "$name" ping dns
	lab heal >&2
	check "$label diff too early: $fault" "$test"
done
check "$label diff: the manual page has each key" described "$out"/*-*.json
