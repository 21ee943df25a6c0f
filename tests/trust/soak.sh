#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A node that does not come to rest, and a tracer on it that captures: 1000 veths a minute made and
# deleted, with numbers used again and namespaces that come and go; the tunnel made anew, the uplink
# down and up, BIRD killed and restarted; 5000 routes withdrawn and restored at once; DNS all the
# time; the tracer itself stopped now and then. How its memory and its open files grow, and what it lost.
# tests/trust/soak.sh LABEL DIR SECONDS

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
seconds=$3
# Questions a second; an hour has as many as are asked of it
rate=500 routes=5000 batch=17
[ "$seconds" -lt 600 ] || rate=5000
workers=() churn=${CALITRACE_TEST_PREFIX:-t$$-}soak-x

# ---- what happens to the node; each until it is killed, or the test is ----

# Within a worker it is the test's pid all the same.
goes_on() { kill -0 $$ 2>/dev/null; }

# Of 17 new pods a second, all have the numbers of those before; every other one has a namespace.
devices() {
	local i n=0 ns="${node_ns[k8s02]}"

	while goes_on; do
		ip netns add "$churn" 2>/dev/null || :
		for ((i = 0; i < batch; i++)); do
			echo "link add calisoak$i index $((60000 + i)) type veth peer name q$i$([ $((i % 2)) -eq 0 ] || echo " netns $churn")"
			echo "link set calisoak$i up"
		done | ip -n "$ns" -force -b - 2>/dev/null || :
		sleep 0.5
		ip netns del "$churn" 2>/dev/null || : # takes half of them with it
		for ((i = 0; i < batch; i++)); do
			echo "link del calisoak$i"
		done | ip -n "$ns" -force -b - 2>/dev/null || :
		n=$((n + batch))
		echo "$n" >"$out/devices.made"
		sleep 0.5
	done
}

withdraw() {
	local i n=0 ns="${node_ns[k8s02]}"

	for ((i = 0; i < routes; i++)); do
		echo "route add 10.254.$((i / 256)).$((i % 256))/32 dev $POD_DEV_k8s02_p1 proto 77"
	done >"$out/routes"
	while goes_on; do
		ip -n "$ns" -force -b "$out/routes" 2>/dev/null || :
		sleep 3
		ip -n "$ns" route flush proto 77 >/dev/null 2>&1 || :
		n=$((n + 1))
		echo "$n" >"$out/routes.made"
		sleep 3
	done
}

faults() {
	local fault n=0

	while goes_on; do
		for fault in tunnel-missing uplink-down bird-killed; do
			lab fault $fault >/dev/null 2>&1 || :
			sleep 3
			lab heal >/dev/null 2>&1 || :
			n=$((n + 1))
			echo "$n" >"$out/faults.made"
			sleep 5
		done
	done
}

# By itself, as its pid is to be its own: a subshell's child would survive it.
questions() {
	# shellcheck disable=SC2016 # those are of perl
	nsenter --net="/run/netns/$POD_NETNS_k8s02_p1" perl -e 'use Socket; use Time::HiRes qw(time sleep);
		my ($server, $rate, $test, $asked) = @ARGV;
		my $to = pack_sockaddr_in(53, inet_aton($server));
		socket(my $s, PF_INET, SOCK_DGRAM, 17);
		my ($n, $begin, $told) = (0, time, 0);
		my $last = $begin;
		while (kill(0, $test)) {
			my $now = time;
			# what was missed for want of a processor is not made good
			my $due = $rate * ($now - $last < 0.1 ? $now - $last : 0.1);
			$last = $now;
			for (1 .. $due) {
				send($s, pack("n6", $n++ & 65535, 256, 1, 0, 0, 0) . "\4soak\4test\0" . pack("n2", 1, 1), 0, $to);
			}
			if ($now - $told >= 1 && open(my $f, ">", "$asked.new")) {
				$told = $now; printf $f "%d\n", $n / ($told - $begin || 1); close($f); rename("$asked.new", $asked);
			}
			sleep(0.01);
		}' "$POD_IP_k8s01_coredns" "$rate" $$ "$out/questions.rate" >/dev/null &
	workers+=($!)
}

hang() {
	while goes_on; do
		sleep 20
		kill -STOP "${tracer_pid[soak]}" 2>/dev/null || return 0
		sleep 3
		kill -CONT "${tracer_pid[soak]}" 2>/dev/null || return 0
	done
}

# ---- the tracer meanwhile ----

rss() { awk '/^VmRSS/ { print $2 }' "/proc/${tracer_pid[soak]}/status"; }
fds() { find "/proc/${tracer_pid[soak]}/fd" -type l | wc -l; }

# "SECONDS KIB FILES" a line, every other second; until it has ended, or the time is over
watch() {
	local begin=$SECONDS

	while [ $((SECONDS - begin)) -lt "$seconds" ]; do
		kill -0 "${tracer_pid[soak]}" 2>/dev/null || { echo "expected it to go on, saw it end after $((SECONDS - begin)) s" && return; }
		echo "$((SECONDS - begin)) $(rss) $(fds)" >>"$out/samples"
		sleep 2
	done
}

# KiB a minute, by least squares, over the second half: before that its tables fill, and buffers double
slope() {
	awk '{ t[NR] = $1 / 60; y[NR] = $2 }
		END {
			for (i = int(NR / 2) + 1; i <= NR; i++) { n++; sx += t[i]; sy += y[i]; sxx += t[i] ^ 2; sxy += t[i] * y[i] }
			d = n * sxx - sx ^ 2
			printf "%d\n", (d > 0 ? (n * sxy - sx * sy) / d : 0)
		}' "$out/samples"
}

workers_end() {
	local pid

	for pid in "${workers[@]}"; do
		pkill -P "$pid" 2>/dev/null || :
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	workers=()
	ip netns del "$churn" 2>/dev/null || :
}

# at rest again: as many files as at the start
settled() { [ "$(fds)" -le $((files + 4)) ]; }

soak() {
	local files growth worker

	rm -f "$out"/soak*.pcapng "$out/samples" "$out"/*.made "$out"/*.rate
	tracer_run soak capture --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" -w "$out/soak.pcapng" -C 8M -W 3
	tracer_wait soak || return 0
	sleep 2
	files=$(fds)
	for worker in devices.made routes.made faults.made questions.rate; do
		echo 0 >"$out/$worker"
	done
	for worker in devices withdraw faults hang; do
		$worker >/dev/null &
		workers+=($!)
	done
	questions
	watch
	workers_end
	kill -CONT "${tracer_pid[soak]}" 2>/dev/null || return 0
	lab heal >&2 || :
	devices_gone
	within "$patience" settled || echo "expected at most $((files + 4)) open files again, saw $(fds) of $files at the start"
	growth=$(slope)
	# 10 KiB are what is promised of an hour; a minute is still full of first times
	[ "$seconds" -lt 600 ] || [ "$growth" -le 100 ] || echo "expected it to grow by at most 100 KiB a minute, saw $growth KiB"
	# of which 56 MiB are the table of 65536 packets, which so many questions fill
	[ "$(tail -n 1 "$out/samples" | cut -d' ' -f2)" -le 98304 ] || echo "expected at most 96 MiB, saw $(tail -n 1 "$out/samples") KiB"
	tracer_stop soak
	[ "${tracer_status[soak]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[soak]}: $(tail -n 1 "$out/soak.err")"
	echo "$seconds s, $(cat "$out/devices.made") devices, $(cat "$out/routes.made") x $routes routes, $(cat "$out/faults.made") faults," \
		"$(cat "$out/questions.rate") questions/s: RSS $growth KiB a minute, $(tail -n 1 "$out/samples" | cut -d' ' -f2) KiB at the end," \
		"$files files open before, $(tail -n 1 "$out/samples" | cut -d' ' -f3) at the end; $(sed -n 's/^calitrace: \(.* packets seen\)/\1/p' "$out/soak.err")" \
		>"$out/soak.measured"
}

devices_gone() {
	local i

	for ((i = 0; i < batch; i++)); do
		echo "link del calisoak$i"
	done | ip -n "${node_ns[k8s02]}" -force -b - 2>/dev/null || :
	ip -n "${node_ns[k8s02]}" route flush proto 77 >/dev/null 2>&1 || :
}

# Each part that is left is whole.
files_whole() {
	local file

	for file in "$out"/soak*.pcapng; do
		"$calitrace" show --summary "$file" >/dev/null 2>"$out/show.err" ||
			echo "expected ${file##*/} to be whole, saw $(tail -n 1 "$out/show.err")"
	done
}

lab_up "${CALITRACE_TEST_PREFIX:-t$$-}soak-"
trap 'workers_end; tracers_kill; lab down >&2 || :' EXIT
soak >"$out/said"
figured "$label a node that does not come to rest" soak cat "$out/said"
check "$label the captures of it are whole" files_whole
