#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures on the kernel that it runs on: baseline, tracer, baseline, next tracer, … and in each of
# these slices every load. tests/bench/overhead calls it, here or in a virtual machine:
#
#   tests/bench/cost/slices.sh PROGRAMS [NAME=VALUE...]
#
# PROGRAMS is the directory of load, floor, insns and floor.bpf.o. Names: tracers and loads (with
# commas), rounds, reps (of each load in a slice), scale (of the loads' counts, in percent), pods,
# routes, tunnel (ipip, vxlan, auto), state (healthy, incident), rate (questions a second of the load "rate").
#
# Prints words: the kernel, its processors and the tunnel, then a line for each run of a load, and for each tracer what it cost and said:
#
#   run slice=1 round=0 tracer=tcpdump rep=0 load=udp sent=4000 done=4000 wall_ns=… cpu_ns=…
#   tracer slice=1 round=0 tracer=tcpdump ready_ms=90 stop_ms=4 rss_kib=7900 cpu_ms=10 seen=9000 lost=0
#   insns NAME VERIFIED LENGTH          of calitrace's programs
#   absent NAME WHY

set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# Mounts of its own: the namespaces' names, and tracefs, which bpftrace and perf look for.
if [ -z "${COST_MOUNTS:-}" ]; then
	COST_MOUNTS=1 exec unshare -m "$0" "$@"
fi
[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing || :
here=$(cd "$(dirname "$0")" && pwd)
programs=$1
shift
tracers=calitrace loads=udp,drop,dns,icmp,crr rounds=1 reps=3 scale=100
pods=10 routes=10 tunnel=auto state=healthy rate=5000
for setting; do
	[[ $setting =~ ^(tracers|loads|rounds|reps|scale|pods|routes|tunnel|state|rate)=[a-z0-9,_-]+$ ]] ||
		{ echo "slices.sh: no such setting: $setting" >&2 && exit 2; }
	declare "$setting"
done
# shellcheck source=tests/bench/cost/tracers.sh
. "$here/tracers.sh"
calitrace=${CALITRACE_TEST_PROGRAM:-$here/../../../calitrace}
p=cb$$
dir=$(mktemp -d)
mkdir "$dir/host"
for module in ipip veth vxlan sch_ingress cls_bpf act_bpf af_packet; do modprobe $module 2>/dev/null || :; done
if [ $tunnel = auto ]; then
	tunnel=vxlan
	! unshare -n ip link show tunl0 >/dev/null 2>&1 || tunnel=ipip
fi
echo "host $(uname -r) $(nproc) $tunnel"
device=tunl0
[ $tunnel = ipip ] || device=vxlan.calico
# shellcheck disable=SC2034 # of tracers.sh
devices=(caliaaaa0001 "$device" uplink)
declare -A count=([udp]=4000 [drop]=8000 [dns]=1500 [icmp]=4000 [crr]=500 [rate]=$rate)
server='' tracer=''
cleanup() {
	trap - EXIT
	# shellcheck disable=SC2086 # empty or a number
	kill $server $tracer 2>/dev/null || :
	"$here/topo.sh" down $p
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

in_ns() { nsenter --net="/run/netns/$p-$1" "${@:2}"; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# A child that nobody has waited for is a zombie.
running() {
	local stat

	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null && [[ $stat != *") Z "* ]]
}

# ends PID SECONDS: is it gone within that time?
ends() {
	local i

	for ((i = 0; i < $2 * 50; i++)); do
		running "$1" || return 0
		sleep 0.02
	done
	return 1
}

# start NAME: 1 if it is not to be had here; sets tracer, ready_ms
start() {
	local begin i

	tracer_defaults
	"tracer_${1//-/_}"
	if [ -n "$needs" ] && ! command -v "$needs" >/dev/null; then
		echo "absent $1 no $needs is installed"
		return 1
	fi
	begin=$(now_ms)
	: >"$dir/out"
	: >"$dir/err"
	# A shell's background commands ignore SIGINT, unless somebody undoes that.
	nsenter --net="/run/netns/$p-node1" env --default-signal=INT,QUIT "${command[@]}" >"$dir/out" 2>"$dir/err" </dev/null &
	tracer=$!
	for ((i = 0; i < 6000; i++)); do
		if [ -z "$ready" ]; then
			((i < 100)) || break
		elif [[ $(<"$dir/err") == *"$ready"* || $(head -c 4096 "$dir/out") == *"$ready"* ]]; then
			break
		fi
		running $tracer || break
		sleep 0.02
	done
	ready_ms=$(($(now_ms) - begin))
	sleep 0.5
	if ! running $tracer; then
		echo "absent $1 it ended: $(cat "$dir/err" "$dir/out" | tail -n 1 | head -c 200)"
		wait "$tracer" 2>/dev/null || :
		tracer=''
		return 1
	fi
}

# said EXPRESSION: the sum of what a tracer printed, - if it does not tell
said() {
	case $1 in
	'') echo - ;;
	lines:*) grep -cE "${1#lines:}" "$dir/out" || : ;;
	*) cat "$dir/out" "$dir/err" | sed -nE "$1" | awk '{ n += $1 } END { print n + 0 }' ;;
	esac
}

cpu_ms() { awk '{ printf "%.1f\n", $1 / 1e6 }' "/proc/$1/schedstat" 2>/dev/null || echo 0; }

# stop NAME: prints what it cost
stop() {
	local begin rss cpu stop_ms forced=0

	rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$tracer/status")
	cpu=$(cpu_ms "$tracer")
	begin=$(now_ms)
	kill -INT "$tracer" 2>/dev/null || :
	if ! ends "$tracer" 20; then
		forced=1
		kill -KILL "$tracer" || :
	fi
	stop_ms=$(($(now_ms) - begin))
	wait "$tracer" 2>/dev/null || :
	tracer=''
	echo "tracer slice=$slice round=$round tracer=$1 ready_ms=$ready_ms stop_ms=$stop_ms rss_kib=${rss:-0}" \
		"cpu_ms=$(awk -v a="$cpu" -v b="$cpu_ready" 'BEGIN { print a - b }')" \
		"seen=$(said "$seen") lost=$(said "$lost") withheld=$(said "$withheld") forced=$forced"
	sleep 0.3
}

# run_loads NAME: of the tracer, or none
run_loads() {
	local load rep to arguments

	for load in ${loads//,/ }; do
		to=198.18.2.1
		[ "$load" != drop ] || to=198.18.9.1
		arguments=(--to "$to" --count "$((${count[$load]} * scale / 100))" --secs 10 --rate "$rate")
		for ((rep = 0; rep < reps; rep++)); do
			echo "run slice=$slice round=$round tracer=$1 rep=$rep $(in_ns pod1 "$programs/load" "$load" "${arguments[@]}")"
		done
	done
}

absent=' '
one_slice() {
	if [ "$1" = none ]; then
		sleep 0.2
		run_loads none
	else
		start "$1" || { absent+="$1 " && return 1; }
		cpu_ready=$(cpu_ms "$tracer")
		run_loads "$1"
		case $1:$round in calitrace:0) "$programs/insns" calitrace | sort -u | sed 's/^/insns /' ;; esac
		stop "$1"
	fi
	slice=$((slice + 1))
}

nice -n 19 "$here/topo.sh" up $p $tunnel $pods $routes
: >"$dir/server"
nsenter --net=/run/netns/$p-pod2 "$programs/load" serve --secs 3000 >"$dir/server" 2>&1 &
server=$!
for ((i = 0; i < 500; i++)); do
	[[ $(<"$dir/server") != ready ]] || break
	sleep 0.05
done
[ $state = healthy ] || "$here/topo.sh" $state $p $tunnel
slice=0 round=0
# The first packets build caches, which no figure should have.
run_loads warm >/dev/null
one_slice none
for ((round = 0; round < rounds; round++)); do
	order=${tracers//,/ }
	((round % 2 == 0)) || order=$(tr ' ' '\n' <<<"$order" | tac | tr '\n' ' ')
	for name in $order; do
		case $absent in *" $name "*) continue ;; esac
		one_slice "$name" || continue
		one_slice none
	done
done
