#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A tracer is killed while it has the kernel hurry, as it attaches to 50 devices and detaches from
# them: /sys/kernel/rcu_expedited is 0 again.
# tests/faults/life_grace.sh LABEL DIR
#
# Other tracers on this machine may set it, too: it has to become 0, and stay no 1.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
node=${CALITRACE_TEST_PREFIX:-t$$-}grace
switch=/sys/kernel/rcu_expedited
devices=50

is() {
	local value

	read -r value <$switch && [ "$value" = "$1" ]
}

# turns_on PID LIMIT: before that process ends, and within so many microseconds, as the moment can be
# missed; without a process of our own for each look
turns_on() {
	local limit=$((${EPOCHREALTIME/./} + $2))

	until is 1; do
		kill -0 "$1" 2>/dev/null && ((${EPOCHREALTIME/./} < limit)) || return 1
	done
}

trace() {
	tracer_run "$1" live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=vxlan -o json
}

cleanup() {
	local pid

	for pid in "${tracer_pid[@]}"; do kill -KILL "$pid" 2>/dev/null || :; done
	ip netns del "$node" 2>/dev/null || :
}

# killed NAME WHEN: a tracer is killed in the window; 1: it was over before that
killed() {
	local hit=0

	trace "$1"
	if [ "$2" = detaching ]; then
		within "$patience" tracing "$out/$1.err" || { fail "$label grace $1" "expected it to trace, saw $(<"$out/$1.err")" && return; }
		within "$patience" is 0 || :
		kill -INT "${tracer_pid[$1]}"
	fi
	turns_on "${tracer_pid[$1]}" 5000000 || hit=1
	kill -KILL "${tracer_pid[$1]}" 2>/dev/null || :
	wait "${tracer_pid[$1]}" 2>/dev/null || :
	unset "tracer_pid[$1]"
	return $hit
}

# window WHEN ROUNDS: many times, of which a third at least is in the window
window() {
	local i hits=0 rounds=$2

	for ((i = 0; i < rounds; i++)); do
		! killed "kill-$1" "$1" || hits=$((hits + 1))
		if ! within "$patience" is 0; then
			fail "$label grace $1" "expected $switch to be 0 after round $i, saw $(<$switch)"
			return
		fi
	done
	if [ $hits -lt $((rounds / 3)) ]; then
		fail "$label grace $1" "expected at least $((rounds / 3)) of $rounds to be killed while $switch was 1, saw $hits"
	else
		ok "$label grace $1: $hits of $rounds tracers were killed while $switch was 1, which was 0 after each"
	fi
}

if ! is 0 || [ ! -w $switch ]; then
	skip "$label grace" "$switch is not 0, or cannot be written"
	exit
fi
if [ "$(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -n 1)" != 6.6 ]; then
	skip "$label grace" "there is no TCX before 6.6"
	exit
fi
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
ip netns add "$node"
for ((i = 1; i <= devices; i++)); do echo "link add cali$i type veth peer name p$i"; done | ip -n "$node" -batch -
for ((i = 1; i <= devices; i++)); do echo "link set cali$i up"; done | ip -n "$node" -batch -
window attaching 20
window detaching 12
