#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run faults in a lab under the tracer and write down what it says; tests/faults/check.sh
# judges it. Two steps, since the first may happen in a slow machine.
#
#   tests/faults/record.sh DIR PLAN [FAULT...]
#
# For each fault, in one go:
#
#   start "before" - fault - round 1 - wait CALITRACE_TEST_WAIT - start "late" - round 2 -
#   stop "late" - heal - round 3 - stop "before"
#
# each tracer twice: on k8s02, where the traffic comes from, and on k8s01, where most of it
# goes to. "before" has seen the routes that go; "late" has not, and the fault has been in
# force for a while.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1 plan=$2
shift 2
wait=${CALITRACE_TEST_WAIT:-5}
nodes=(k8s01 k8s02)
mkdir -p "$out"
out=$(cd "$out" && pwd -P)

# plan_options NAME: nothing in the tool may depend on the addresses of one lab
plan_options() {
	case $1 in
	p26) options=() ;;
	p24) options=(--node-net 172.20.5.0/24 --pool 192.168.0.0/16 --block 24 --service 172.21.0.10) ;;
	p28) options=(--nodes 4 --node-net 10.64.8.0/22 --pool 100.64.16.0/20 --block 28) ;;
	*) echo "no such plan: $1" >&2 && exit 2 ;;
	esac
}

# The same number of packets each time: check.jq counts them. All at once, as most of it
# waits for answers that do not come.
traffic() {
	local ns target pids=()

	for ns in "$POD_NETNS_k8s02_p1" "$NODE_NETNS_k8s02"; do
		for target; do
			in_netns "$ns" ping -n -q -c 2 -i 0.3 -W 1 "$target" &
			pids+=($!)
		done
		for target in "$LAB_SERVICE" "$POD_IP_k8s01_coredns"; do
			in_netns "$ns" dig +time=1 +tries=1 "@$target" kubernetes.default.svc.cluster.local &
			pids+=($!)
		done
	done >&2
	wait "${pids[@]}" || :
}

phases=()
round() {
	phases+=("{\"name\":\"$1\",\"from\":\"$(now_ts)\"}")
	shift
	traffic "$POD_IP_k8s01_coredns" "$POD_IP_k8s03_p1" "$@"
}

start() {
	local node

	for node in "${nodes[@]}"; do
		live "$fault.$1.$node" "$node" --all -o json "${@:2}"
	done
	for node in "${nodes[@]}"; do
		tracer_wait "$fault.$1.$node" >&2
	done
}

stop() {
	local node name list

	for node in "${nodes[@]}"; do
		name=$fault.$1.$node
		tracer_stop "$name"
		# A tracer knows nothing of the rounds before its start.
		list=$(IFS=, && echo "${phases[*]:${2:-0}}")
		cat >"$out/$name.run" <<-END
			{"fault":"$fault","node":"$node","mode":"$1","status":${tracer_status[$name]},
			"fault_from":"$fault_from","fault_to":"$fault_to","phases":[$list]}
		END
	done
}

run_fault() {
	local extra=() settle=2.6 since left

	fault=$1
	# Only these addresses are dead, before and after.
	[ "$fault" != stale-pod ] || extra=("$DEAD_REMOTE" "$DEAD_LOCAL")
	# A pod's packets are given up with the ARP entry that they wait for, after 3 s.
	[ "$fault" != no-default-route ] || settle=4
	phases=()
	start before
	fault_from=$(now_ts)
	lab fault "$fault" >&2
	fault_to=$(now_ts)
	since=$SECONDS
	round broken "${extra[@]}"
	sleep $settle
	left=$((wait - (SECONDS - since)))
	((left <= 0)) || sleep $left
	start late --no-bird
	round broken "${extra[@]}"
	# Until what goes unanswered is known to
	sleep $settle
	stop late 1
	lab heal "$fault" >&2
	round healed
	sleep 0.5
	stop before
}

# Writing through to the host costs an emulated machine more than the tracer may take.
publish() {
	[ -z "${CALITRACE_TEST_SHARE:-}" ] || cp "$out/lab.json" "$out/$1".* "$CALITRACE_TEST_SHARE/$plan/"
}

plan_options "$plan"
[ -z "${CALITRACE_TEST_SHARE:-}" ] || mkdir -p "$CALITRACE_TEST_SHARE/$plan"
lab_up "${CALITRACE_TEST_PREFIX:-t$$-}$plan-" "${options[@]}"
[ $# -gt 0 ] || set -- incident block-withdrawn session-down bird-killed return-route-missing \
	unreachable-route no-default-route stale-pod
for name; do
	echo "== $plan $name" >&2
	run_fault "$name"
	publish "$name"
done
