#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The founding incident in two minutes: a cluster in network namespaces, healthy, broken and
# healed, with calitrace looking on. "make demo" calls it; KERNEL=6.1 runs it on that kernel
# in a virtual machine. The machine's own network is not touched.
#
# It is a test as well: the status is 1 unless the leak was shown and the heal proved.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
root=$(cd "$(dirname "$0")/.." && pwd -P)
calitrace=${CALITRACE_TEST_PROGRAM:-$root/calitrace}

die() { echo "demo: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "only root can build the lab and load BPF programs: sudo make demo"
# BIRD is fetched and the lab's programs are compiled out here, where there is a network.
if [ -z "${CALITRACE_DEMO_PRIVATE:-}" ] && [ -z "${CALITRACE_DEMO_IN_VM:-}" ]; then
	"$root/tools/lab-deps.sh" >/dev/null
fi
if [ "${KERNEL:-native}" != native ]; then
	kernel=$KERNEL
	unset KERNEL
	echo "Kernel $kernel in a virtual machine, which takes a while to start ..."
	export CALITRACE_DEMO_IN_VM=1
	cd "$root"
	# The colours are the terminal's, which the guest does not see.
	[ ! -t 1 ] || export CALITRACE_DEMO_COLOUR=1
	exec tools/vm_run.sh --kernel "$kernel" --timeout 600 -- tools/demo.sh
fi
# Names of namespaces belong to a mount namespace, devices to a network namespace: in one of
# our own, nothing here can meet anything of the machine's.
if [ -z "${CALITRACE_DEMO_PRIVATE:-}" ] && [ -z "${CALITRACE_DEMO_IN_VM:-}" ]; then
	export CALITRACE_DEMO_PRIVATE=1
	exec unshare -n -m -- "$0" "$@"
fi

bold='' plain=''
if [ -t 1 ] || [ -n "${CALITRACE_DEMO_COLOUR:-}" ]; then
	bold=$'\e[1m' plain=$'\e[0m'
fi
lab() { "$root/tools/lab.sh" --prefix demo- "$@"; }
caption() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '   %s\n' "$@"; }

work=$(mktemp -d)
tracers=()
cleanup() {
	trap - EXIT INT TERM HUP
	[ ${#tracers[@]} -eq 0 ] || kill "${tracers[@]}" 2>/dev/null || :
	lab down >/dev/null 2>&1 || :
	rm -rf "$work"
	exit "$1"
}
trap 'cleanup $?' EXIT
trap 'echo; cleanup 130' INT
trap 'cleanup 143' TERM HUP

# started NAME PID: until it traces
started() {
	local i

	tracers+=("$2")
	for ((i = 0; i < 1200; i++)); do
		! grep -qs '^calitrace: tracing' "$work/$1.err" || return 0
		kill -0 "$2" 2>/dev/null || break
		sleep 0.05
	done
	die "calitrace does not trace: $(cat "$work/$1.err")"
}

# What a user would type on the node
trace() {
	"$calitrace" live --netns "$NODE_NETNS_k8s02" --host-root "$NODE_ROOT_k8s02" \
		>"$work/$1.txt" 2>"$work/$1.err" </dev/null &
	live=$!
	started "$1" "$live"
	tail -s 0.1 -n +1 -f "$work/$1.txt" --pid="$live" 2>/dev/null | sed -u 's/^/   | /' &
	reader=$!
}

# The same into a file, beside it
capture() {
	"$calitrace" capture -w "$work/$1.pcapng" --netns "$NODE_NETNS_k8s02" --host-root "$NODE_ROOT_k8s02" \
		2>"$work/$1.capture.err" </dev/null &
	capture=$!
	started "$1.capture" "$capture"
}

# PID...: each tells what it still has to say
end() {
	kill -INT "$@"
	wait "$@" || :
}

trace_end() {
	end "$live"
	wait "$reader" || :
}

# What works and what does not, as the pod and the node themselves see it
probe() {
	local ns who

	for ns in "$POD_NETNS_k8s02_p1" "$NODE_NETNS_k8s02"; do
		nsenter --net="/run/netns/$ns" ping -n -q -c 3 -i 0.3 -W 1 "$POD_IP_k8s01_coredns" >"$work/ping.$ns" 2>&1 &
		nsenter --net="/run/netns/$ns" ping -n -q -c 3 -i 0.3 -W 1 "$POD_IP_k8s03_p1" >/dev/null 2>&1 &
		nsenter --net="/run/netns/$ns" dig +time=1 +tries=2 +short "@$LAB_SERVICE" \
			kubernetes.default.svc.cluster.local >"$work/dig.$ns" 2>&1 &
		wait_for+=($!)
	done
	wait "${wait_for[@]}" || :
	wait_for=()
	sleep 1
	for ns in "$POD_NETNS_k8s02_p1" "$NODE_NETNS_k8s02"; do
		who="pod k8s02-p1"
		[ "$ns" = "$POD_NETNS_k8s02_p1" ] || who="node k8s02 "
		say "$who  ping $POD_IP_k8s01_coredns: $(sed -n 's/.*, \([0-9]* received\).*/\1/p' "$work/ping.$ns") of 3;  dig @$LAB_SERVICE: $(
			head -n 1 "$work/dig.$ns" | cut -c1-60 | sed 's/^;; *//')"
	done
}
wait_for=()

# NAME APP VERDICT: packets of that capture
count() {
	jq -rs --arg app "$2" --arg verdict "$3" '
		map(select(.type == "packet" and .app == $app)) |
		group_by(.id) | map(max_by(.rev)) | map(select(.verdict == $verdict)) | length' "$work/$1.json"
}

began=$SECONDS
caption "A cluster of three nodes, each a network namespace with a real BIRD"
lab up
lab wait
eval "$(lab env)"
kernel=$(uname -r)
case $LAB_ENCAP in
ipip) say "kernel $kernel, pods' packets between nodes in IPIP, by tunl0, as in the incident" ;;
*) say "kernel $kernel has no IPIP: pods' packets between nodes in VXLAN, by $LAB_TUNNEL" ;;
esac
say "k8s02 $NODE_IP_k8s02 has the block $NODE_BLOCK_k8s02; the DNS pod $POD_IP_k8s01_coredns is on k8s01, block $NODE_BLOCK_k8s01"

caption "Healthy: calitrace live on k8s02, while a pod and the node ping and ask"
trace healthy
capture healthy
probe
end "$capture"
trace_end

caption "The incident: k8s02 is registered with the address of a NIC that nobody uses"
trace incident
lab fault incident
capture broken
say "in force. On k8s02, ip route show proto bird: $(
	ip -n "$NODE_NETNS_k8s02" route show proto bird | grep -vc blackhole || :) routes to other nodes' blocks"
probe
end "$capture"

caption "The heal: the right address again, BIRD restarted"
lab heal incident
capture healed
say "in force. On k8s02, ip route show proto bird: $(
	ip -n "$NODE_NETNS_k8s02" route show proto bird | grep -vc blackhole || :) routes to other nodes' blocks"
probe
end "$capture"
trace_end

caption "What changed, of all packets on k8s02"
for name in healthy broken healed; do
	"$calitrace" show "$work/$name.pcapng" --all -o json >"$work/$name.json" 2>/dev/null ||
		die "calitrace show cannot read the capture of the $name node"
done
leaked=0 good=0 bad=0
printf '   %-22s%12s%12s%14s\n' '' healthy incident healed
for row in "icmp sent" "icmp delivered" "icmp leaked" "dns sent" "dns delivered" "dns leaked"; do
	read -r app verdict <<<"$row"
	h=$(count healthy "$app" "$verdict")
	b=$(count broken "$app" "$verdict")
	a=$(count healed "$app" "$verdict")
	printf '   %-22s%12s%12s%14s\n' "$app $verdict" "$h" "$b" "$a"
	if [ "$verdict" = leaked ]; then
		leaked=$((leaked + b)) bad=$((bad + a + h))
	elif [ "$verdict" = delivered ]; then
		good=$((good + a))
	fi
done

caption "Is it cured? calitrace diff, of the captures before the heal and after it"
cured=0
"$calitrace" diff "$work/broken.pcapng" "$work/healed.pcapng" >"$work/diff.txt" 2>&1 || cured=$?
sed 's/^/   | /' "$work/diff.txt"
say "exit status $cured; $((SECONDS - began)) s; nothing of it is left on this machine"

grep -q 'no problem seen' "$work/healthy.txt" || die "the healthy node was not found healthy"
((leaked > 0)) || die "the leak was not shown"
grep -q '^FINDING .*RECOVERED' "$work/incident.txt" || die "the finding did not recover"
((good > 0 && bad == 0)) || die "the heal was not proved"
((cured == 0)) || die "the diff does not say that it is cured"
