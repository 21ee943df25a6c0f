#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What calitrace leaves behind: nothing of its own, and all of what others had there.
# tests/faults/clean.sh LABEL DIR
#
# Other tracers may run on this machine meanwhile, so what has to go is named by number: the
# programs, maps and links that the tracer held while it ran.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
cali='' foreign=''

# filters: qdiscs and filters of all devices of the node, with what may change cut out
filters() {
	local dev hook

	for dev in $(in_netns "$NODE_NETNS_k8s02" ls /proc/sys/net/ipv4/conf); do
		case $dev in all | default) continue ;; esac
		in_netns "$NODE_NETNS_k8s02" tc qdisc show dev "$dev" clsact 2>/dev/null | sed "s/^/$dev /"
		for hook in ingress egress; do
			in_netns "$NODE_NETNS_k8s02" tc filter show dev "$dev" "$hook" 2>/dev/null | sed "s/^/$dev $hook /"
		done
	done
}

as_before() {
	filters >"$out/$1.after"
	diff "$2" "$out/$1.after" >"$out/$1.diff"
}

# left NAME BEFORE: complaints about what tracer NAME left
left() {
	within 10 all_gone "$out/$1.held" ||
		echo "expected nothing left, saw $(present <"$out/$1.held" | paste -sd, -)"
	# after SIGKILL it is the guardian that removes filters
	within 10 as_before "$1" "$2" ||
		echo "expected qdiscs and filters as before, saw $(grep '^[<>]' "$out/$1.diff" | head -n 3 | paste -sd';' -)"
}

# What one test finds left must not fail the next ones.
restore() {
	local dev

	filters | { grep ' qdisc clsact ' || :; } | { grep -vFxf "$1" || :; } | while read -r dev _; do
		in_netns "$NODE_NETNS_k8s02" tc qdisc del dev "$dev" clsact
	done
}

ping_pod() {
	in_netns "$POD_NETNS_k8s02_p1" ping -n -q -c 2 -i 0.2 -W 1 "$POD_IP_k8s01_coredns" >&2 || :
}

# ends NAME BEFORE SIGNAL [OPTION...]: run, see a packet, end
ends() {
	local name=$1 before=$2 signal=$3
	shift 3

	live "$name" k8s02 --all -o json "$@" || return
	tracer_wait "$name" || return 0
	held "$name" >"$out/$name.held"
	[ -s "$out/$name.held" ] || echo "expected programs and maps, saw none held"
	ping_pod
	if [ "$signal" = -d ]; then tracer_join "$name"; else tracer_stop "$name" "$signal"; fi
	[ "$signal" = KILL ] || [ "${tracer_status[$name]}" -eq 0 ] ||
		echo "expected exit status 0, saw ${tracer_status[$name]}"
	[ "$signal" = KILL ] || [ "$(jq -s 'map(select(.type == "packet")) | length > 0' "$out/$name.json")" = true ] ||
		echo "expected to see the ping, saw no packet"
	left "$name" "$before"
	restore "$before"
}

# What a CNI plugin or an administrator may have there: in front of ours, behind it, a qdisc
# without filters. None of it ends the chain, or we would be blind by right.
foreign_add() {
	cali=$POD_DEV_k8s02_p1
	in_netns "$NODE_NETNS_k8s02" tc qdisc add dev "$cali" clsact
	in_netns "$NODE_NETNS_k8s02" tc filter add dev "$cali" ingress pref 1 bpf bytecode '1,6 0 0 0'
	in_netns "$NODE_NETNS_k8s02" tc filter add dev "$cali" egress pref 49000 \
		bpf bytecode '1,6 0 0 4294967295' flowid 1:1
	in_netns "$NODE_NETNS_k8s02" tc qdisc add dev eth0 clsact
	foreign=yes
}

attach_kinds() {
	# As the tracer itself says it in its first record
	live probe k8s02 -d 1 -o json
	tracer_join probe
	kinds=(clsact)
	[ "$(jq -rs '.[0].probes | index("tcx") != null' "$out/probe.json")" != true ] || kinds=(tcx clsact)
}

test_kind() {
	local signal

	kind=$1
	unset CALITRACE_WITHOUT
	[ "$kind" = tcx ] || export CALITRACE_WITHOUT=tcx
	for signal in INT TERM HUP KILL -d; do
		local options=()
		[ "$signal" != -d ] || options=(-d 3)
		check "$label $kind leaves nothing after $signal${foreign:+, foreign filters stay}" \
			ends "$kind$signal$foreign" "$out/before" "$signal" "${options[@]}"
	done
}

# Two tracers, of which one goes: the other's filters stay.
two() {
	live one k8s02 --all -o json
	live two k8s02 --all -o json
	tracer_wait one && tracer_wait two || return 0
	held one >"$out/one.held"
	held two >"$out/two.held"
	tracer_stop two
	within 10 all_gone "$out/two.held" || echo "expected nothing left of the first to go"
	ping_pod
	sleep 0.5
	tracer_stop one
	[ "$(jq -s 'map(select(.type == "packet")) | length > 0' "$out/one.json")" = true ] ||
		echo "expected the second to see a ping, saw no packet"
	left one "$out/before"
	restore "$out/before"
}

# A pod that comes while tracing. The time is from its device's coming to its first packet, with all that
# the lab does in between; life.sh has that of the tracer alone.
new_pod() {
	local ns ip from

	live new k8s02 --all -o json
	tracer_wait new || return 0
	held new >"$out/new.held"
	lab pod add k8s02 late >&2
	lab_env
	ns=$POD_NETNS_k8s02_late ip=$POD_IP_k8s02_late
	nsenter --net="/run/netns/$ns" ping -n -q -c 100 -i 0.1 -w 11 "$POD_IP_k8s01_coredns" >&2 &
	from=$!
	within 11 grep -q "\"src\":\"$ip\"" "$out/new.json" || :
	kill "$from" 2>/dev/null || :
	wait "$from" || :
	lab pod del k8s02 late >&2
	tracer_stop new
	jq -rs --arg ip "$ip" --arg dev "$POD_DEV_k8s02_late" '
		def seconds: capture("(?<s>.*)\\.(?<f>[0-9]+)Z") | (.s + "Z" | fromdate) + ("0." + .f | tonumber);
		(map(select(.type == "link" and .dev == $dev)) | .[0].ts) as $link |
		(map(select(.type == "packet" and .src == $ip)) | .[0].ts) as $packet |
		if $link == null then "expected a link record for \($dev), saw none"
		elif $packet == null then "expected packets of \($ip) within 10 s, saw none"
		elif ($packet | seconds) - ($link | seconds) > 10 then "expected packets within 10 s, saw them after \(($packet | seconds) - ($link | seconds)) s"
		else "measured \((($packet | seconds) - ($link | seconds)) * 1000 | floor) ms" end' "$out/new.json"
}

test_new_pod() {
	local said

	said=$(new_pod)
	case $said in
	measured*) ok "$label $kind new pod is traced (${said#measured } after its device came, with the lab's work on it)" ;;
	*) fail "$label $kind new pod is traced" "$said" ;;
	esac
	check "$label $kind leaves nothing after a pod came and went" left new "$out/before"
}

# One that ends the chain before ours would make us blind: it is avoided, or it is told.
front() {
	live front k8s02 --all -o json
	tracer_wait front || return 0
	held front >"$out/front.held"
	ping_pod
	tracer_stop front
	grep -q "$cali.*foreign filter.*before ours" "$out/front.err" ||
		grep -q '"at":"tc-ingress","dev":"'"$cali"'"' "$out/front.json" ||
		echo "expected the pod's packets at $cali or a word about the filter there, saw neither"
	left front "$out/before"
}

test_front() {
	# Not every kernel has the first.
	in_netns "$NODE_NETNS_k8s02" tc filter del dev "$cali" ingress pref 1
	in_netns "$NODE_NETNS_k8s02" tc filter add dev "$cali" ingress pref 1 matchall action ok 2>/dev/null ||
		in_netns "$NODE_NETNS_k8s02" tc filter add dev "$cali" ingress pref 1 \
			bpf bytecode '1,6 0 0 4294967295' flowid 1:1
	filters >"$out/before"
	export CALITRACE_WITHOUT=tcx
	check "$label clsact is not blinded by a foreign filter" front
}

lab_up "${CALITRACE_TEST_PREFIX:-t$$-}clean-"
attach_kinds
filters >"$out/before"
for kind in "${kinds[@]}"; do
	test_kind "$kind"
	check "$label $kind two tracers at once" two
	test_new_pod
done
foreign_add
filters >"$out/before"
for kind in "${kinds[@]}"; do
	test_kind "$kind"
done
test_front
