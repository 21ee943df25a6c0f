#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The other half of the truth: a healthy node gives no problem and no finding, silence is not
# health, and --exit-code tells the three apart. tests/faults/health.sh LABEL DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 out=$2
seconds=${CALITRACE_TEST_HEALTHY:-30}
mkdir -p "$out"
out=$(cd "$out" && pwd -P)

# The last revision of each packet, as the contract has it
problems() {
	jq -rs '(map(select(.type == "packet")) | group_by(.id) | map(max_by(.rev)) |
			.[] | select(.verdict != "sent" and .verdict != "delivered")),
		(.[] | select(.type == "finding" or .type == "loss")) |
		del(.v, .node, .mono_ns, .evidence, .advice, .path) | tojson' "$out/$1.json"
}

summary() { jq -r "select(.type == \"summary\") | $2" "$out/$1.json"; }

# healthy NAME: what that tracer says of healthy traffic
healthy() {
	local found count

	# One packet of hundreds that comes late is the machine's load, and the tracer's to see.
	found=$(grep -E ': (FAILED|0 answered)' "$out/traffic") || :
	[ -z "$found" ] || echo "expected healthy traffic of each kind, saw $(head -n 1 <<<"$found")"
	grep -q 'graceful restart.* 1 answered' "$out/traffic" ||
		echo "expected the traffic to end with a graceful restart, saw $(tail -n 1 "$out/traffic")"
	[ "${tracer_status[$1]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[$1]}"
	found=$(problems "$1")
	[ -z "$found" ] ||
		echo "expected no problem, saw $(grep -c '' <<<"$found") records: $(head -n 1 <<<"$found")"
	count=$(summary "$1" .seen)
	[ "${count:-0}" -ge 50 ] || echo "expected 50 packets or more, saw ${count:-0}"
}

test_healthy() {
	live k8s02 k8s02 --all -o json --exit-code
	live k8s01 k8s01 --all -o json --exit-code
	tracer_wait k8s02 >&2
	tracer_wait k8s01 >&2
	lab traffic mixed --seconds "$seconds" >"$out/traffic" 2>&1 || :
	# Until what goes unanswered is known to
	sleep 3
	tracer_stop k8s02
	tracer_stop k8s01
	check "$label healthy traffic for $seconds s, on k8s02" healthy k8s02
	check "$label healthy traffic for $seconds s, on k8s01" healthy k8s01
}

# The lines of a person who reads along; JSON has them on standard error only.
silent() {
	[ "${tracer_status[silent]}" -eq 3 ] || echo "expected exit status 3, saw ${tracer_status[silent]}"
	[ "$(summary silent .seen)" = 0 ] || echo "expected nothing seen, saw $(summary silent .seen)"
	grep -q 'no matching packet in 1[0-9] s' "$out/silent.err" ||
		echo "expected a word about 10 s of silence, saw $(tail -n 2 "$out/silent.err")"
	grep -q 'no matching packet in 1[0-9] s' "$out/silent-text.json" ||
		echo "expected a word about 10 s of silence in the text, saw $(head -n 3 "$out/silent-text.json")"
}

test_silent() {
	live silent k8s02 -o json --exit-code -d 12
	live silent-text k8s02 -d 12
	tracer_wait silent >&2
	sleep 11
	tracer_join silent
	tracer_join silent-text
	check "$label no traffic" silent
}

broken() {
	[ "${tracer_status[broken]}" -eq 1 ] || echo "expected exit status 1, saw ${tracer_status[broken]}"
	[ "$(summary broken .command_status)" = 1 ] ||
		echo "expected command_status 1 of ping, saw $(summary broken .command_status)"
	[ "${tracer_status[counted]}" -eq 1 ] || echo "expected exit status 1 with -c 1, saw ${tracer_status[counted]}"
	[ "$(summary counted ".verdicts.leaked >= 1")" = true ] ||
		echo "expected a problem with -c 1, saw $(summary counted '.verdicts | tojson')"
}

test_broken() {
	lab fault incident >&2
	live counted k8s02 -o json --exit-code -c 1
	tracer_wait counted >&2
	live broken k8s02 -o json --exit-code -- \
		nsenter --net="/run/netns/$POD_NETNS_k8s02_p1" ping -n -c 3 -i 0.3 -W 1 "$POD_IP_k8s01_coredns"
	tracer_join broken
	tracer_join counted
	check "$label exit status of the incident" broken
	lab heal >&2
}

lab_up "${CALITRACE_TEST_PREFIX:-t$$-}health-"
test_silent
test_healthy
test_broken
