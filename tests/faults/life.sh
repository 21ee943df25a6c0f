#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Life and death of a tracer and of what it is attached to: its guardian killed, devices that come,
# go, move and change their names, others who take its filters
# away or come before them, many at once. (Killed at any moment: tests/trust/kill.sh)
# tests/faults/life.sh LABEL DIR
#
# No lab: a node's namespace with veth pairs to a pod's, and --pool. Nothing here depends on how
# fast the machine is but for a limit of ten times what is promised; what was measured is told.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
prefix=${CALITRACE_TEST_PREFIX:-t$$-}life-
node=${prefix}n pod=${prefix}p
kind='' # tcx or clsact
crowd=20
[ -z "${CALITRACE_TEST_VM:-}" ] || crowd=6

# ---- a node ----

node_up() {
	ip netns add "$node"
	ip netns add "$pod"
	ip -n "$node" link set lo up
	veth cali0
}

node_down() {
	ip netns del "$node" 2>/dev/null || :
	ip netns del "$pod" 2>/dev/null || :
}

# veth NAME: in the node, its other end in the pod's namespace
veth() {
	ip -n "$node" link add "$1" type veth peer name "p-$1" netns "$pod"
	ip -n "$node" link set "$1" up
	ip -n "$pod" link set "p-$1" up
}

ifindex() { in_netns "$node" cat "/sys/class/net/$1/ifindex" 2>/dev/null || ip -n "$node" -o link show "$1" | cut -d: -f1; }

# trace NAME OPTION...: what tracer_run does, on the node
trace() {
	local name=$1

	shift
	tracer_run "$name" live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=ipip \
		--reply-timeout 500ms -o json "$@"
}

# attached NAME DEVICE: both hooks
attached() {
	local index hook

	if [ "$kind" = tcx ]; then
		index=$(ifindex "$2")
		[ "$(cat "/proc/${tracer_pid[$1]}"/fdinfo/* 2>/dev/null |
			awk -v i="$index" '$1 == "link_type:" { tcx = $2 == "tcx" } tcx && $1 == "ifindex:" && $2 == i { n++ }
				END { print n + 0 }')" -eq 2 ]
		return
	fi
	for hook in ingress egress; do
		in_netns "$node" tc filter show dev "$2" "$hook" 2>/dev/null | grep -q calitrace_ || return 1
	done
}
detached() { ! attached "$@"; }

# qdiscs and filters of the node
clsact() {
	local dev hook

	in_netns "$node" tc qdisc show | sed -n 's/^qdisc clsact .* dev \([^ ]*\) .*/\1/p' | sort | while read -r dev; do
		echo "clsact $dev"
		for hook in ingress egress; do
			in_netns "$node" tc filter show dev "$dev" "$hook" 2>/dev/null | sed "s/^/$dev $hook /"
		done
	done
}
# The qdisc goes last, and that is seen with the least delay.
clean() { ! in_netns "$node" tc qdisc show | grep -q '^qdisc clsact'; }
nothing_left() { within 10 clean || echo "expected nothing left, saw $(clsact | head -n 3 | paste -sd';' -)"; }

losses() { grep -c '"type":"loss".*"what":"attachment"' "$out/$1.json" || :; }

# ends NAME: as it should
ends() {
	tracer_stop "$1"
	[ "${tracer_status[$1]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[$1]}"
	[ "$kind" = tcx ] || nothing_left
}

# guardians PID: of that tracer; and those of dead ones, whose parent is another by now
guardian_of() { ps -o pid= -o comm= --ppid "$1" | awk '$2 == "calitrace-guard" { print $1 }'; }
has_guardian() { [ -n "$(guardian_of "${tracer_pid[$1]}")" ]; }

# ---- devices ----

# A sender that never waits: a query each 10 ms, as soon as there is a way out
# shellcheck disable=SC2016 # those are of perl
send_queries() {
	nsenter --net="/run/netns/$pod" perl -e 'use Socket;
		my $to = pack_sockaddr_in(53, inet_aton("10.99.1.1"));
		my $query = pack("n6", 1, 256, 1, 0, 0, 0) . "\1a\1b\0" . pack("n2", 1, 1);
		while (1) {
			socket(my $s, PF_INET, SOCK_DGRAM, 17);
			send($s, $query, 0, $to);
			close($s);
			select(undef, undef, undef, 0.01);
		}' 2>/dev/null &
	sender=$!
}

saw_packet() { grep -q '"type":"packet".*"dev":"'"$2"'"' "$out/$1.json"; }

queries_end() {
	kill "$sender"
	wait "$sender" 2>/dev/null || :
	sender=''
}

# way_out DEVICE: the pod sends by its other end
way_out() {
	ip -n "$pod" -b - <<-END
		address add 10.99.0.2/32 dev p-$1
		neighbour add 169.254.1.1 lladdr 02:00:00:00:00:01 dev p-$1 nud permanent
		route replace 10.99.1.1 dev p-$1 via 169.254.1.1 onlink
	END
}

# born NAME DEVICE: a pod's device comes, and its first packet is seen
born() {
	veth "$2"
	way_out "$2"
	within "$patience" saw_packet "$1" "$2" || echo "expected packets of $2, saw none"
	ip -n "$node" link del "$2"
}

births() {
	local dev

	trace births --all -v
	tracer_wait births || return 0
	send_queries
	for dev in cali1 cali2 cali3; do
		born births "$dev"
	done
	queries_end
	ends births
}

# From the kernel's first word about the new device to its being attached to, which is the tracer's
# part, and to its first packet, which takes until the pod has addresses and routes.
test_births() {
	local said ms us

	said=$(births)
	ms=$(jq -s '
		def ns: capture("(?<s>.*)\\.(?<f>[0-9]+)Z") | (.s + "Z" | fromdate) * 1000 + ("0." + .f | tonumber) * 1000;
		. as $all |
		[range(1; 4) | "cali\(.)" as $dev |
			[$all[] | select(.type == "link" and .dev == $dev) | .ts | ns] as $born |
			[$all[] | select(.type == "packet" and .path[0].dev == $dev) | .ts | ns] as $seen |
			select(($born | length) > 0 and ($seen | length) > 0) | ($seen | min) - ($born | min)] |
		if length == 3 then max | floor else -1 end' "$out/births.json")
	us=$(sed -nE "s/.*attached to 'cali[1-3]' ([0-9]+) us after.*/\1/p" "$out/births.err" | sort -n | tail -n 1)
	if [ -n "$said" ] || [ "$ms" -lt 0 ] || [ -z "$us" ] || [ "$us" -gt 10000000 ]; then
		fail "$label $kind new device is traced" \
			"expected it to be attached to within 10 s and to see packets, saw ${said:-${us:-no attaching} us, ${ms} ms}"
	else
		ok "$label $kind new device is traced (attached at most $((us / 1000)) ms, first packet $ms ms after its birth)"
	fi
}

renamed() {
	trace renamed -i 'cali*'
	tracer_wait renamed || return 0
	veth tmp0
	# before 6.2 no other name while it is up
	ip -n "$node" link set tmp0 down
	ip -n "$node" link set tmp0 name calir
	ip -n "$node" link set calir up
	within 10 attached renamed calir || echo "expected calir to be traced, saw it is not"
	ip -n "$node" link set calir down
	ip -n "$node" link set calir name other0
	within 10 detached renamed other0 || echo "expected other0 to be let go, saw it is traced"
	ip -n "$node" link del other0
	ends renamed
}

# A device goes and another comes with its number, both between two looks
reused() {
	local index

	veth calia
	index=$(ifindex calia)
	trace reused -i 'cali*'
	tracer_wait reused || return 0
	printf '%s\n' "link del calia" "link add calib index $index type veth peer name p-calib" "link set calib up" |
		ip -n "$node" -b -
	within 10 attached reused calib || echo "expected calib to be traced, saw it is not"
	printf '%s\n' "link del calib" "link add other0 index $index type veth peer name p-other0" "link set other0 up" |
		ip -n "$node" -b -
	# what its message brings has come when that of a later device has
	veth calic
	within 10 attached reused calic || echo "expected calic to be traced, saw it is not"
	! attached reused other0 || echo "expected other0 not to be traced, saw it is"
	ip -n "$node" link del other0
	ip -n "$node" link del calic
	ends reused
}

tunnel_remade() {
	ip -n "$node" link add vxlan.calico type vxlan id 4096 dstport 4789 local 127.0.0.1
	trace tunnel
	tracer_wait tunnel || return 0
	for _ in 1 2 3; do
		ip -n "$node" link del vxlan.calico
		ip -n "$node" link add vxlan.calico type vxlan id 4096 dstport 4789 local 127.0.0.1
		within 10 attached tunnel vxlan.calico || echo "expected vxlan.calico to be traced, saw it is not"
	done
	ip -n "$node" link del vxlan.calico
	ends tunnel
}

moved() {
	veth calim
	trace moved -i 'cali*'
	tracer_wait moved || return 0
	ip -n "$node" link set calim netns "$pod"
	within 10 detached moved calim || echo "expected calim to be let go, saw it is traced"
	ip -n "$pod" link set calim netns "$node"
	ip -n "$node" link set calim up
	within 10 attached moved calim || echo "expected calim to be traced again, saw it is not"
	ip -n "$node" link del calim
	ends moved
}

pod_gone() {
	ip netns add "${pod}2"
	ip -n "$node" link add calip type veth peer name p-calip netns "${pod}2"
	ip -n "$node" link set calip up
	trace pod -i 'cali*'
	tracer_wait pod || return 0
	ip netns del "${pod}2"
	within 10 no_device calip || echo "expected calip to go with its pod, saw it is still there"
	veth caliq
	within 10 attached pod caliq || echo "expected caliq to be traced, saw it is not"
	ip -n "$node" link del caliq
	ends pod
	! grep -v -e '^calitrace: tracing' -e ' packets seen, ' -e 'silence is not health' "$out/pod.err" || :
}
no_device() { ! ip -n "$node" link show "$1" >/dev/null 2>&1; }

node_gone() {
	trace gone -i 'cali*'
	tracer_wait gone || return 0
	ip netns del "$node"
	tracer_join gone
	[ "${tracer_status[gone]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[gone]}"
	[ "$(grep -c 'namespace.*was deleted: tracing ends' "$out/gone.err")" = 1 ] ||
		echo "expected one line about the deleted namespace, saw '$(tail -n 2 "$out/gone.err")'"
	node_down
	node_up
}

# ---- others ----

tear() {
	local id

	if [ "$kind" = clsact ]; then
		in_netns "$node" tc qdisc del dev "$2" clsact
		return
	fi
	id=$(cat "/proc/${tracer_pid[$1]}"/fdinfo/* 2>/dev/null | awk -v i="$(ifindex "$2")" '
		$1 == "link_type:" { tcx = $2 == "tcx" } $1 == "link_id:" { id = $2 }
		tcx && $1 == "ifindex:" && $2 == i { print id; exit }')
	bpftool link detach id "$id"
}

has_losses() { [ "$(losses "$1")" -ge "$2" ]; }

torn() {
	local cnt

	trace torn -i 'cali*'
	tracer_wait torn || return 0
	for cnt in 1 2 3; do
		tear torn cali0
		within 10 has_losses torn "$cnt" || echo "expected $cnt losses, saw $(losses torn)"
		within 10 attached torn cali0 || echo "expected cali0 to be traced again, saw it is not"
	done
	[ "$(grep -c 'cali0.*removed by somebody else; attached again' "$out/torn.err")" = 3 ] ||
		echo "expected three lines about it, saw '$(tail -n 2 "$out/torn.err")'"
	tear torn cali0
	within 10 has_losses torn 4 || echo "expected a fourth loss, saw $(losses torn)"
	grep -q 'cali0.*4 times within a minute: it stays without them' "$out/torn.err" ||
		echo "expected it to give way, saw '$(tail -n 1 "$out/torn.err")'"
	! attached torn cali0 || echo "expected cali0 not to be traced any more, saw it is"
	ends torn
}

# One filter of two; the qdisc stays, and is ours to delete
torn_filter() {
	trace filter -i 'cali*'
	tracer_wait filter || return 0
	in_netns "$node" tc filter del dev cali0 ingress
	within 10 has_losses filter 1 || echo "expected a loss, saw none"
	in_netns "$node" tc filter del dev cali0 ingress
	in_netns "$node" tc filter del dev cali0 egress
	within 10 attached filter cali0 || echo "expected cali0 to be traced again, saw it is not"
	ends filter
}

# The administrator's own filters are his: in front of ours, in its place, with it.
foreign() {
	local said='cali0.*foreign filter on ingress runs before ours'

	trace foreign -i 'cali*'
	tracer_wait foreign || return 0
	in_netns "$node" tc filter add dev cali0 ingress pref 1 bpf bytecode '1,6 0 0 4294967295' flowid 1:1
	within 10 grep -q "$said" "$out/foreign.err" || echo "expected a word about the foreign filter, saw none"
	within 10 has_losses foreign 1 || echo "expected a loss, saw none"
	tracer_stop foreign
	[ "$(grep -c "$said" "$out/foreign.err")" = 1 ] || echo "expected one line, saw $(grep -c "$said" "$out/foreign.err")"
	[ "$(clsact | grep -c 'bytecode\|cali0 ingress filter.*handle')" -ge 1 ] || echo "expected the foreign filter to stay, saw it gone"
	! clsact | grep calitrace_ || :
	in_netns "$node" tc qdisc del dev cali0 clsact
}

# ---- death ----

# The terminal's signals go to the whole group, a service manager's to each process.
group_signal() {
	local pid guard signal

	for signal in INT TERM HUP; do
		trace group -i 'cali*'
		tracer_wait group || return 0
		pid=${tracer_pid[group]}
		within 10 has_guardian group || echo "expected a guardian, saw none"
		guard=$(guardian_of "$pid")
		kill -"$signal" "$guard"
		kill -0 "$guard" || echo "expected the guardian to outlive $signal, saw it gone"
		kill -STOP "$guard"
		kill -"$signal" "$pid"
		tracer_join group
		[ "${tracer_status[group]}" -eq 0 ] || echo "expected exit status 0 after $signal, saw ${tracer_status[group]}"
		within 10 tracer_gone "$guard" || echo "expected the guardian to go with the tracer, saw it there"
		nothing_left
	done
}

guardian_dies() {
	local pid guard

	trace guard -i 'cali*'
	tracer_wait guard || return 0
	pid=${tracer_pid[guard]}
	within 10 has_guardian guard || echo "expected a guardian, saw none"
	sleep 1.5 # two in a second are too many
	kill -KILL "$(guardian_of "$pid")"
	within 10 grep -q 'guardian process ended; another one was started' "$out/guard.err" ||
		echo "expected a word about the guardian's end, saw none"
	within 10 has_guardian guard || echo "expected another guardian, saw none"
	guard=$(guardian_of "$pid")
	[ "$(find "/proc/$guard/fd" -type l | wc -l)" -le 6 ] ||
		echo "expected at most six open files in the guardian, saw $(find "/proc/$guard/fd" -type l | wc -l)"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	nothing_left
}

# Without a sign of life the programs do nothing, and what passes meanwhile is told as a loss.
paused() {
	trace paused -i 'cali*'
	tracer_wait paused || return 0
	way_out cali0
	send_queries
	kill -STOP "${tracer_pid[paused]}"
	sleep 5
	kill -CONT "${tracer_pid[paused]}"
	within 10 has_losses paused 1 || echo "expected a loss, saw none"
	queries_end
	ends paused
	[ "$(jq -s 'map(select(.type == "loss" and .what == "attachment") | .count) | add > 10' "$out/paused.json")" = true ] ||
		echo "expected more than ten packets to have passed unseen, saw $(grep '"loss"' "$out/paused.json")"
}

no_files() { [ -z "$(ls "/proc/$1/fd" 2>/dev/null)" ]; }

# Both at once: the next start, or the doctor, finds what they left.
both_die() {
	local pid guard

	trace both -i 'cali*'
	tracer_wait both || return 0
	pid=${tracer_pid[both]}
	within 10 has_guardian both || echo "expected a guardian, saw none"
	guard=$(guardian_of "$pid")
	kill -STOP "$pid" # or it would start the next one
	kill -KILL "$guard" "$pid"
	wait "$pid" 2>/dev/null || :
	# whoever reaps it may take his time; its files are closed before
	within 10 no_files "$guard" || echo "expected the guardian to be gone, saw it there"
	attached both cali0 || echo "expected filters to be left, saw none"
	[ "$1" = start ] || "$calitrace" doctor --netns "$node" >"$out/doctor.txt" || :
	if [ "$1" = start ]; then
		trace next -i 'cali*'
		tracer_wait next || return 0
		ends next
	else
		grep -q 'leftovers.*cali0' "$out/doctor.txt" || echo "expected doctor to name cali0, saw $(grep leftovers "$out/doctor.txt")"
		"$calitrace" doctor --clean --netns "$node" >"$out/doctor.clean" ||
			echo "expected exit status 0 of doctor --clean, saw another"
		nothing_left
	fi
}

# Without what root has besides. Up to 5.10 BPF is charged to what may be locked in memory.
few_rights() {
	local pid

	rm -f "$out/few.json" "$out/few.err"
	ulimit -l unlimited
	setpriv --bounding-set -all,+bpf,+perfmon,+net_admin,+sys_admin --inh-caps -all \
		"$calitrace" live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=ipip -o json \
		-i 'cali*' >"$out/few.json" 2>"$out/few.err" </dev/null &
	tracer_pid[few]=$!
	tracer_wait few || return 0
	pid=${tracer_pid[few]}
	attached few cali0 || echo "expected cali0 to be traced, saw it is not"
	if [ "$kind" = clsact ]; then
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || :
		nothing_left
	else
		ends few
	fi
}

# ---- many at once ----

many() {
	# all of them verify their programs at the same time
	local i names=() signals=(INT TERM HUP KILL) patience=$((patience * 3)) peers=()

	in_netns "$node" tcpdump -n -i cali0 -w "$out/tcpdump.pcap" >&2 2>&1 &
	peers+=($!)
	if command -v bpftrace >/dev/null && [ -d /sys/kernel/tracing/events ]; then
		bpftrace -e 'tracepoint:skb:kfree_skb { @ = count(); }' >&2 2>&1 &
		peers+=($!)
	fi
	for ((i = 0; i < $1; i++)); do
		trace "many$i" -i 'cali*'
		names+=("many$i")
	done
	for i in "${names[@]}"; do
		tracer_wait "$i" || :
	done
	if [ "$kind" = clsact ]; then
		i=$(in_netns "$node" tc filter show dev cali0 ingress | grep -c calitrace_)
		[ "$i" -eq "$1" ] || echo "expected $1 filters, saw $i"
	fi
	for i in "${!names[@]}"; do
		kill -"${signals[i % 4]}" "${tracer_pid[${names[i]}]}"
	done
	for i in "${names[@]}"; do
		tracer_join "$i" 2>/dev/null
		[ "${tracer_status[$i]}" -eq 0 ] || [ "${tracer_status[$i]}" -eq 137 ] ||
			echo "expected exit status 0 of $i, saw ${tracer_status[$i]}"
	done
	nothing_left
	for i in "${peers[@]}"; do
		kill -0 "$i" || echo "expected tcpdump and bpftrace still to run, saw one ended"
		kill "$i" 2>/dev/null || :
		wait "$i" 2>/dev/null || :
	done
	# the last of them must not have left anything in the way of the next
	trace after -i 'cali*'
	tracer_wait after || return 0
	ends after
}

# ---- all of them ----

test_kind() {
	kind=$1
	unset CALITRACE_WITHOUT
	[ "$kind" = tcx ] || export CALITRACE_WITHOUT=tcx
	test_births
	check "$label $kind a device's new name counts" renamed
	check "$label $kind a number is used again" reused
	check "$label $kind the tunnel is made anew" tunnel_remade
	check "$label $kind a device leaves for another namespace" moved
	check "$label $kind a pod's namespace is deleted" pod_gone
	check "$label $kind the node's namespace is deleted" node_gone
	check "$label $kind detached by others: attached again, up to a point" torn
	check "$label $kind few rights suffice" few_rights
	check "$label $kind a tracer that is stopped says what it missed" paused
	for cnt in 2 "$crowd"; do
		check "$label $kind $cnt tracers, tcpdump and bpftrace at once" many "$cnt"
	done
}

test_clsact() {
	check "$label $kind a filter is deleted by others" torn_filter
	check "$label $kind a foreign filter comes before ours" foreign
	check "$label $kind the guardian goes last" group_signal
	check "$label $kind the guardian is replaced" guardian_dies
	check "$label $kind the next start cleans up" both_die start
	check "$label $kind doctor cleans up" both_die doctor
}

sender=''
trap 'tracers_kill; [ -z "$sender" ] || kill "$sender" 2>/dev/null; node_down' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
node_up
trace probe -d 1
tracer_join probe
[ "$(jq -rs '.[0].probes | index("tcx") != null' "$out/probe.json")" != true ] || test_kind tcx
test_kind clsact
test_clsact
