#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Judge what tests/faults/verdicts.sh wrote down: tests/faults/judge.sh LABEL DIR MODE FAULT...
#
# One result for each fault: what all of its tracers say counts. With CALITRACE_TEST_RESULTS=FILE, also
# a line there of: fault, result, the problems that k8s02/k8s01 told, seconds, why. With
# CALITRACE_TEST_SCORES=FILE, a line there of JSON for the scoreboard: see tests/faults/scoreboard.sh;
# with CALITRACE_TEST_SCORE_ONLY=1 nothing else, for traces of other traffic than the table's.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 dir=$2 mode=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd -P)

# What is promised of time is promised of a machine, and an emulated one is some ten times slower.
in_time=false
case $label in native*) in_time=true ;; esac

# judge NODE: lines of verdicts.jq, or a complaint in the same form
judge() {
	local trace=$dir/$fault.$mode.$1 lab=$dir/$fault.lab

	[ -e "$lab" ] || lab=$dir/lab.json
	if [ ! -e "$trace.run" ]; then
		printf 'complaint\texpected a finished trace on %s, saw none: %s\n' "$1" \
			"$(tail -qn 1 "$trace.err" "$dir/$fault.error" 2>/dev/null | head -n 1)"
	elif ! jq -rs --rawfile table "$here/verdicts" --rawfile roots "$here/roots" --argjson lab "$(<"$lab")" \
		--argjson run "$(<"$trace.run")" --argjson in_time "$in_time" \
		-f "$here/verdicts.jq" "$trace.json" 2>&1; then
		printf 'complaint\texpected lines of JSON from %s\n' "$1"
	fi
}

# Healthy traffic that nobody answers proves nothing.
judge_traffic() {
	[ ! -e "$dir/$fault.$mode.traffic" ] || grep -q 'answered' "$dir/$fault.$mode.traffic" ||
		echo "expected healthy traffic, saw $(tail -n 1 "$dir/$fault.$mode.traffic")"
	grep -hE ': 0 answered|command not found' "$dir/$fault.$mode.traffic" 2>/dev/null |
		sed 's/^/expected healthy traffic of each kind, saw /' || :
}

# result RESULT SAW WHY
result() {
	local name="$label $fault, started $mode" seconds=-

	[ -z "${CALITRACE_TEST_SCORE_ONLY:-}" ] || return 0
	[ ! -e "$dir/$fault.seconds" ] || seconds=$(<"$dir/$fault.seconds")
	case $1 in
	ok) ok "$name" ;;
	*) "${1,,}" "$name" "$3" ;;
	esac
	[ -z "${CALITRACE_TEST_RESULTS:-}" ] ||
		printf '%s\t%s\t%s\t%s\t%s\n' "$fault" "$1" "$2" "$seconds" "${3//[$'\t\n']/ }" >>"$CALITRACE_TEST_RESULTS"
}

# score RESULT SCORES WHY: SCORES are those of verdicts.jq, one a node
score() {
	local kernel=''

	[ -n "${CALITRACE_TEST_SCORES:-}" ] || return 0
	kernel=$(grep -ohsm 1 '"kernel":"[^"]*"' "$dir/$fault.$mode".k8s0?.json | head -n 1 | cut -d '"' -f 4) || :
	[ -z "${CALITRACE_TEST_SCORE_ONLY:-}" ] || set -- - "$2" ''
	printf '{"label":"%s","kernel":"%s","fault":"%s","start":"%s","date":"%s","result":"%s","nodes":[%s],"why":%s}\n' \
		"$label" "$kernel" "$fault" "$mode" "$(date -u +%F)" "$1" "$2" "$(jq -Rs . <<<"$3")" >>"$CALITRACE_TEST_SCORES"
}

# The same for one fault, from both nodes
judge_fault() {
	local node said='' line saw='' scores='' more

	said=$(judge_traffic)
	[ -z "$said" ] || said+=$'\n'
	for node in $(cat "$dir/$fault.nodes" 2>/dev/null || echo k8s02 k8s01); do
		while IFS= read -r line; do
			case $line in
			saw$'\t'*) saw+=/${line#*$'\t'} ;;
			score$'\t'*) scores+=,${line#*$'\t'} ;;
			*) said+="$node: ${line#complaint$'\t'}"$'\n' ;;
			esac
		done <<<"$(judge "$node")"
	done
	saw=${saw#/} scores=${scores#,}
	if [ -z "$said" ]; then
		result ok "$saw" ''
		score ok "$scores" ''
		return
	fi
	[ -n "${CALITRACE_TEST_SCORE_ONLY:-}" ] || echo "-- $label $fault, started $mode"$'\n'"$said" >&2
	score FAIL "$scores" "$said"
	more=$(($(grep -c '' <<<"$said") - 1))
	said=${said%%$'\n'*}
	((more <= 1)) || said+=" (and $((more - 1)) more complaints)"
	result FAIL "$saw" "$said"
}

for fault; do
	if [ -e "$dir/$fault.skip" ]; then
		result skip - "$(<"$dir/$fault.skip")"
		score skip '' "$(<"$dir/$fault.skip")"
	elif [ -e "$dir/$fault.$mode.skip" ]; then
		result skip - "$(<"$dir/$fault.$mode.skip")"
		score skip '' "$(<"$dir/$fault.$mode.skip")"
	elif [ ! -e "$dir/$fault.done" ] && [ -z "${CALITRACE_TEST_SCORE_ONLY:-}" ]; then
		result FAIL - "expected a finished run, saw none"
		score FAIL '' "expected a finished run, saw none"
	else
		judge_fault
	fi
done
