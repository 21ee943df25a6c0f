#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Counts every loss: of a known number of packets each was seen, lost or withheld at each hook, and
# live, the capture and show say the same of it. The reader is late, or hangs, or the packets come
# faster than the ring takes them. (Ring sizes and delays inside the kernel: tests/bpf/test_storm.)
# tests/trust/loss.sh LABEL DIR
#
# No lab: pod a sends queries to pod b through a node, in by cali0 and out by cali1.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
a_node loss
sink=''

# pod NAME DEVICE ADDRESS
pod() {
	ip netns add "$prefix$1"
	ip -n "$node" link add "$2" address 02:00:00:00:00:01 type veth \
		peer name eth0 netns "$prefix$1" address 02:00:00:00:00:02
	ip -n "$node" link set "$2" up
	ip -n "$node" -b - <<-END
		route add $3 dev $2
		neighbour add $3 lladdr 02:00:00:00:00:02 dev $2 nud permanent
	END
	ip -n "$prefix$1" -b - <<-END
		address add $3/32 dev eth0
		link set eth0 up
		neighbour add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
		route add default via 169.254.1.1 dev eth0 onlink
	END
}

node_up() {
	ip netns add "$node"
	ip -n "$node" link set lo up
	in_netns "$node" sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0
	pod a cali0 10.99.0.2
	pod b cali1 10.99.0.3
	# Nobody answers, and nobody says that the port is closed.
	# By itself, as its pid is to be its own; who reads our output must not wait for it.
	# shellcheck disable=SC2016 # those are of perl
	nsenter --net="/run/netns/${prefix}b" perl -e 'use Socket;
		socket(my $s, PF_INET, SOCK_DGRAM, 17); bind($s, pack_sockaddr_in(53, INADDR_ANY)) or die;
		setsockopt($s, SOL_SOCKET, SO_RCVBUF, 64 << 20);
		while (1) { recv($s, my $q, 600, 0); }' >/dev/null &
	sink=$!
}

node_down() {
	local name

	[ -z "$sink" ] || kill "$sink" 2>/dev/null || :
	for name in "$node" "${prefix}a" "${prefix}b"; do
		ip netns del "$name" 2>/dev/null || :
	done
}

# send COUNT PAUSE: queries with numbers of their own, a pause (seconds) after each hundred
send() {
	# shellcheck disable=SC2016 # those are of perl
	in_netns "${prefix}a" perl -e 'use Socket;
		my ($cnt, $pause) = @ARGV;
		my $to = pack_sockaddr_in(53, inet_aton("10.99.0.3"));
		socket(my $s, PF_INET, SOCK_DGRAM, 17);
		for my $i (0 .. $cnt - 1) {
			defined(send($s, pack("n6", $i & 65535, 256, 1, 0, 0, 0) . "\1a\1b\0" . pack("n2", 1, 1), 0, $to)) or die $!;
			select(undef, undef, undef, $pause) if $i % 100 == 99 and $pause;
		}' "$@"
}

# late PID: it reads for 100 ms, and is stopped for 100 ms, in turns
late() {
	while kill -STOP "$1" 2>/dev/null; do
		sleep 0.1
		kill -CONT "$1" 2>/dev/null || break
		sleep 0.1
	done
}

# What the summary says was lost and withheld, and the sums of the records of it
sums() {
	jq -rs '(map(select(.type == "summary")) | .[-1]) as $sum |
		def of(f): map(select(.type == "loss" and (.what | f)) | .count) | add // 0;
		"\($sum.lost) \($sum.withheld) \(of(. != "withheld")) \(of(. == "withheld"))"' "$1"
}

# counted CASE COUNT: complaints; the figures go to a file. Seen is what others read of the capture.
counted() {
	local name=$1 total=$(($2 * 2)) from said seen lost withheld lost_parts withheld_parts

	"$calitrace" show -o json "$out/$name.pcapng" >"$out/$name.show.json" 2>"$out/$name.show.err"
	"$calitrace" show "$out/$name.pcapng" >"$out/$name.txt" 2>&1
	seen=$(tcpdump -n -r "$out/$name.pcapng" --count 2>/dev/null | sed 's/ .*//')
	for from in "$name" "$name.show"; do
		read -r lost withheld lost_parts withheld_parts < <(sums "$out/$from.json")
		[ $((seen + lost + withheld)) -eq $total ] ||
			echo "$from: expected $total, saw $seen seen + $lost lost + $withheld withheld = $((seen + lost + withheld))"
		[ "$lost $withheld" = "$lost_parts $withheld_parts" ] ||
			echo "$from: expected records of each loss, saw $lost_parts of $lost lost, $withheld_parts of $withheld withheld"
	done
	for said in "$out/$name.err" "$out/$name.show.err"; do
		grep -q " $lost events lost, $withheld withheld" "$said" ||
			echo "${said##*/}: expected $lost lost, $withheld withheld, saw $(tail -n 1 "$said")"
	done
	grep -qE "^ +$lost lost, $withheld withheld" "$out/$name.txt" ||
		echo "expected $lost lost, $withheld withheld in the text, saw $(grep ' lost, ' "$out/$name.txt" | head -n 1)"
	[ "$lost" -eq 0 ] || doubted "$name"
	# of 100 ms the ring may hold everything
	case $name in hangs | flood) [ $((lost + withheld)) -gt 0 ] || echo "expected a loss, saw none" ;; esac
	echo "$total = $seen + $lost + $withheld" >"$out/$name.measured"
}

# A finding that spans a loss names it, and is sure of no cause.
doubted() {
	jq -rs 'map(select(.type == "finding")) | group_by(.id) | map(max_by(.rev)) | .[] |
		select((.evidence // [] | any(test("lost"))) | not) | "expected finding \(.id) to name the loss, saw \(.evidence)"' "$out/$1.json"
	jq -rs 'map(select(.type == "finding")) | group_by(.id) | map(max_by(.rev)) | .[] | .because[] |
		select(.confidence == "certain") | "expected no certain cause over a loss, saw \(.cause)"' "$out/$1.json"
}

# run CASE COUNT PAUSE
run() {
	local name=$1 pid helper=''

	rm -f "$out/$name.pcapng"
	tracer_run "$name" live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=none -i 'cali*' \
		-o json -w "$out/$name.pcapng"
	tracer_wait "$name" || return 0
	pid=${tracer_pid[$name]}
	case $name in
	late) late "$pid" & helper=$! ;;
	hangs | flood) kill -STOP "$pid" ;;
	esac
	send "$2" "$3"
	[ -z "$helper" ] || { kill "$helper" && wait "$helper" 2>/dev/null; } || :
	kill -CONT "$pid"
	sleep 1
	tracer_stop "$name"
	[ "${tracer_status[$name]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[$name]}"
	counted "$name" "$2"
}

# ---- a wall clock that is set ----

# set_clock NANOSECONDS: of the tracer alone, see clock.c
set_clock() {
	perl -e 'print pack("q<", $ARGV[0])' "$1" | dd of="$out/clock.now" conv=notrunc status=none
}

# steps FILE: how often that JSON says that the clock was set
steps() { jq -s 'map(select(.type == "loss" and .what == "clock") | .count) | add // 0' "$1"; }

clock_is() { [ "$(steps "$out/clock.json")" -eq "$1" ]; }

# Forward by an hour and back, under traffic; of each file the wall times are those of the start.
clock() {
	local from hour=3600000000000 span

	rm -f "$out/clock.pcapng" "$out/clock.now"
	set_clock 0
	export CALITRACE_TEST_CLOCK=$out/clock.now
	ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$clock_so tracer_run clock live --netns "$node" \
		--host-root "$out/root" --pool 10.99.0.0/16=none -i 'cali*' -o json -w "$out/clock.pcapng"
	unset CALITRACE_TEST_CLOCK
	tracer_wait clock || return 0
	send 500 0.1
	set_clock $hour
	within "$patience" clock_is 1 || echo "expected 1 step of the clock, saw $(steps "$out/clock.json")"
	send 500 0.1
	set_clock 0
	within "$patience" clock_is 2 || echo "expected 2 steps of the clock, saw $(steps "$out/clock.json")"
	send 500 0.1
	tracer_stop clock
	[ "${tracer_status[clock]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[clock]}"
	"$calitrace" show -o json "$out/clock.pcapng" >"$out/clock.show.json" 2>"$out/clock.show.err"
	"$calitrace" show "$out/clock.pcapng" >"$out/clock.txt" 2>&1
	for from in clock clock.show; do
		[ "$(steps "$out/$from.json")" -eq 2 ] || echo "$from: expected 2 steps of the clock, saw $(steps "$out/$from.json")"
	done
	[ "$(grep -c 'steps of the clock' "$out/clock.txt")" -ge 1 ] ||
		echo "expected a word about the clock in the text, saw $(grep -m 1 'clock' "$out/clock.txt")"
	doubted clock
	span=$(jq -rs 'map(select(.type == "packet").ts | sub("\\.[0-9]+Z"; "Z") | fromdate) | max - min' "$out/clock.json")
	[ "$span" -lt 3000 ] || echo "expected times of one clock, saw packets that are $span s apart"
	echo "2 of 2 told live, by the file, in text" >"$out/clock.measured"
}

test_run() { figured "$label seen + lost + withheld = 2 hooks x $3 packets: $2" "$1" run "$1" "$3" "$4"; }

node_up
test_run plain "nothing in the way" 5000 0.02
test_run late "the reader is stopped for 100 ms of each 200" 10000 0.02
test_run hangs "the reader hangs for more than 2 s" 10000 0.04
test_run flood "faster than the ring takes them, nobody reads" 60000 0
name="$label the clock is set by an hour, and back: a loss each time"
clock_so=$(find "$root/.output" -path '*/tests/trust/clock.so' ! -path '*-san/*' | head -n 1)
if [ -z "$clock_so" ]; then
	fail "$name" "expected tests/trust/clock.so, saw none"
else
	figured "$name" clock clock
fi
