#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# SIGKILL at random moments: while attaching, tracing, ending; by TCX and by clsact; with 12 and 60
# devices. Nothing of ours stays in the kernel, all that others have there stays.
# tests/trust/kill.sh LABEL DIR [ROUNDS]
#
# ROUNDS (30) is for both kinds together. No lab: a node's namespace with veth pairs, and --pool.
# Others may trace on this machine meanwhile, so an object is left over if it has one of our names
# and no process has it open.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
rounds=${3:-30}
a_node kill
pod=${prefix}p
# 1 s is promised, with a guardian
limit=${CALITRACE_TEST_PATIENCE:-10}
kind='' few=12 many=60 expedited=/sys/kernel/rcu_expedited
programs=$(find "$root/.output" -path '*/tests/trust/foreign.bpf.o' ! -path '*-san/*' | head -n 1)

# ---- a node with things of others ----

devices() {
	local i

	for ((i = $1; i <= $2; i++)); do
		echo "link add cali$i type veth peer name p-cali$i netns $pod"
		echo "link set cali$i up"
	done | ip -n "$node" -b -
}

foreign_filter() { in_netns "$node" tc filter add dev "$@"; }

foreign() {
	local dev

	for dev in cali1 cali2 cali3 cali4; do
		in_netns "$node" tc qdisc add dev $dev clsact
	done
	# Not every kernel has the first.
	foreign_filter cali1 ingress pref 1 matchall action continue 2>/dev/null ||
		foreign_filter cali1 ingress pref 1 bpf bytecode '1,6 0 0 0'
	foreign_filter cali2 egress pref 49000 bpf bytecode '1,6 0 0 4294967295' flowid 1:1
	# cali3: a qdisc without filters
	foreign_filter cali4 ingress pref 10 bpf da obj "$programs" sec calico
	foreign_filter cali4 egress pref 1 bpf da obj "$programs" sec copied
}

node_up() {
	ip netns add "$node"
	ip netns add "$pod"
	ip -n "$node" link set lo up
	devices 1 $few
	foreign
}

node_down() {
	ip netns del "$node" 2>/dev/null || :
	ip netns del "$pod" 2>/dev/null || :
}

# qdiscs and filters of the node, and of all devices that have a clsact
filters() {
	local dev hook

	in_netns "$node" tc qdisc show | grep '^qdisc clsact' | sort
	in_netns "$node" tc qdisc show | sed -n 's/^qdisc clsact .* dev \([^ ]*\) .*/\1/p' | sort | while read -r dev; do
		for hook in ingress egress; do
			echo "filter show dev $dev $hook"
		done
	done | in_netns "$node" tc -b - 2>/dev/null
}
as_before() { [ "$(filters)" = "$(<"$out/foreign")" ]; }

# named: programs and maps of ours or with our names, "prog 12" a line; links go with their programs
named() {
	bpftool -j prog show 2>/dev/null | jq -r '.[] | select(.name // "" | startswith("calitrace_")) | "prog \(.id)"'
	bpftool -j map show 2>/dev/null | jq -r '.[] | select(.name // "" | startswith("calitrac")) | "map \(.id)"'
}
# Those that no process has open
orphans() {
	named | sort -u >"$out/named"
	{ cat /proc/[0-9]*/fdinfo/* 2>/dev/null || :; } |
		awk '$1 ~ /^(prog|map)_id:$/ { sub("_id:", "", $1); print $1, $2 }' | sort -u >"$out/open"
	comm -23 "$out/named" "$out/open" | grep -vxFf "$out/theirs" || :
}
# Those of each look so far: what others' tracers have comes and goes between two steps of one look.
no_orphans() {
	orphans >"$out/now"
	if [ -e "$out/left" ]; then
		comm -12 "$out/left" "$out/now" >"$out/both"
		mv "$out/both" "$out/now"
	fi
	mv "$out/now" "$out/left"
	[ ! -s "$out/left" ]
}
# nothing_left: complaints
nothing_left() {
	rm -f "$out/left"
	within "$limit" no_orphans || echo "expected no programs and maps left, saw $(head -n 5 "$out/left" | paste -sd, -)"
}

calm() { [ ! -r $expedited ] || [ "$(cat $expedited)" = "$was_expedited" ]; }

# ---- a tracer ----

trace() {
	local name=$1

	shift
	tracer_run "$name" live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=ipip -i 'cali*' "$@"
}
ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
pause_ms() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }

# How long it takes to start here and now: the moments are spread over a little more.
measure_start() {
	local begin

	begin=$(ms)
	trace probe
	tracer_wait probe
	start_ms=$(($(ms) - begin))
	tracer_stop probe
}

# has_programs PID: is there something to leave?
has_programs() { grep -qs '^prog_id:' "/proc/$1"/fdinfo/*; }

# A round: most of them while it starts, as that is where most happens
killed_at() {
	local i=$1 pid begin

	trace kill
	pid=${tracer_pid[kill]}
	case $((i % 5)) in
	0 | 1 | 2) pause_ms $((RANDOM % (start_ms * 6 / 5 + 1))) ;;
	# one that is slow is killed as well: it would be in the way of the next rounds
	3) tracer_wait kill || : ;;
	4)
		tracer_wait kill || :
		kill -INT "$pid"
		pause_ms $((RANDOM % 60))
		;;
	esac
	! has_programs "$pid" || stood=$((stood + 1))
	begin=$(ms)
	kill -KILL "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
	unset 'tracer_pid[kill]'
	if ! within "$limit" as_before; then
		echo "round $i: expected filters as before within $limit s, saw $(filters | diff "$out/foreign" - | head -n 3 | paste -sd';' -)"
		filters >"$out/foreign" # of the next rounds
	fi
	took=$(($(ms) - begin))
	[ "$took" -le "$worst" ] || worst=$took
	nothing_left | sed "s/^/round $i: /"
	if ! within 2 calm; then
		echo "round $i: expected rcu_expedited to be $was_expedited, saw $(cat $expedited)"
		echo "$was_expedited" >$expedited
	fi
}

# shellcheck disable=SC2030,SC2031 # counted and told in the same subshell
kill_rounds() {
	local i worst=0 stood=0 start_ms=0 devs=$few

	measure_start
	for ((i = 0; i < $1; i++)); do
		if [ $i -eq $(($1 / 2)) ]; then
			devices $((few + 1)) $many
			devs="$few and $many"
			measure_start
		fi
		killed_at "$i"
	done
	[ "$stood" -gt 0 ] || echo "expected programs to be there when it was killed, saw none in $1 rounds"
	echo "$1 rounds, $devs devices: programs stood in $stood, all gone after $worst ms at worst, with the time to look" \
		>"$out/$kind.measured"
	devices_fewer
}

devices_fewer() {
	local i

	for ((i = few + 1; i <= many; i++)); do
		echo "link del cali$i"
	done | ip -n "$node" -b - 2>/dev/null || :
	cp "$out/foreign.first" "$out/foreign"
}

test_kill() {
	local said name

	name="$label $1 SIGKILL at any moment leaves nothing, and what is others'"
	kind=$1
	unset CALITRACE_WITHOUT
	[ "$kind" = tcx ] || export CALITRACE_WITHOUT=tcx
	said=$(kill_rounds "$2")
	if [ -z "$said" ]; then
		ok "$name ($(cat "$out/$kind.measured"))"
	else
		fail "$name" "$(wc -l <<<"$said") complaints, the first: $(head -n 3 <<<"$said")"
		echo "$said" >&2
	fi
}

# ---- the guardian as well ----

guardian_of() { ps -o pid= -o comm= --ppid "$1" | awk '$2 == "calitrace-guard" { print $1 }'; }
has_guardian() { [ -n "$(guardian_of "$1")" ]; }

# A sender that never waits: a query each 10 ms into cali5, 200 of them
send_queries() {
	ip -n "$pod" -b - <<-END
		link set p-cali5 up
		address replace 10.99.0.2/32 dev p-cali5
		neighbour replace 169.254.1.1 lladdr 02:00:00:00:00:01 dev p-cali5 nud permanent
		route replace 10.99.1.1 dev p-cali5 via 169.254.1.1 onlink
	END
	# shellcheck disable=SC2016 # those are of perl
	in_netns "$pod" perl -e 'use Socket;
		my $to = pack_sockaddr_in(53, inet_aton("10.99.1.1"));
		my $query = pack("n6", 1, 256, 1, 0, 0, 0) . "\1a\1b\0" . pack("n2", 1, 1);
		socket(my $s, PF_INET, SOCK_DGRAM, 17);
		for (1..200) { send($s, $query, 0, $to); select(undef, undef, undef, 0.01); }'
}

# counter MAP INDEX: of all processors together
counter() {
	bpftool -j map lookup id "$1" key "$2" 0 0 0 | jq '[.values[].value | [.[] | ltrimstr("0x") | explode |
		map(if . > 96 then . - 87 else . - 48 end) | .[0] * 16 + .[1]] |
		to_entries | map(.value * pow(256; .key)) | add] | add'
}

# Of struct ev_count
EV_LOST_PATH=0 EV_INERT=7

both_killed() {
	local pid guard map before after

	trace both
	tracer_wait both || return 0
	pid=${tracer_pid[both]}
	within "$limit" has_guardian "$pid" || echo "expected a guardian, saw none"
	guard=$(guardian_of "$pid")
	map=$(held both | awk '$1 == "map" { print $2 }' | while read -r id; do
		[ "$(bpftool -j map show id "$id" | jq -r .name)" != calitrace_count ] || echo "$id"
	done)
	kill -STOP "$pid" # or it would start the next one
	kill -KILL "$guard" "$pid"
	wait "$pid" 2>/dev/null || :
	unset 'tracer_pid[both]'
	! as_before || echo "expected filters to be left, saw none"
	sleep 2.1
	before=$(counter "$map" $EV_INERT)
	send_queries
	after=$(counter "$map" $EV_INERT)
	[ $((after - before)) -eq 200 ] || echo "expected 200 packets to pass programs that do nothing, saw $((after - before))"
	[ "$(counter "$map" $EV_LOST_PATH)" -eq 0 ] || echo "expected no record of them, saw some lost"
	trace next -d 1
	tracer_join next
	[ "${tracer_status[next]}" -eq 0 ] || echo "expected exit status 0 of the next start, saw ${tracer_status[next]}"
	within "$limit" as_before || echo "expected the next start to remove the filters, saw $(filters | diff "$out/foreign" - | head -n 3)"
	nothing_left
}

[ -n "$programs" ] || { fail "$label kill" "expected tests/trust/foreign.bpf.o, saw none" && exit 1; }
was_expedited=$(cat $expedited 2>/dev/null || :)
node_up
filters >"$out/foreign"
cp "$out/foreign" "$out/foreign.first"
# Ours of another time, which somebody else left, are not this test's either.
: >"$out/theirs"
orphans >"$out/theirs.new"
mv "$out/theirs.new" "$out/theirs"
trace probe -d 1 -o json
tracer_join probe
if [ "$(jq -rs '.[0].probes | index("tcx") != null' "$out/probe.json")" = true ]; then
	test_kill tcx $((rounds / 2))
	test_kill clsact $((rounds - rounds / 2))
else
	test_kill clsact "$rounds"
fi
kind=clsact
export CALITRACE_WITHOUT=tcx
check "$label $kind guardian killed as well: inert after 2 s, the next start removes the filters" both_killed
