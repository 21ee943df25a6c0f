#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Judge what tests/faults/verdicts.sh wrote down: tests/faults/judge.sh LABEL DIR MODE FAULT...
#
# One result for each fault: what all of its tracers say counts. With CALITRACE_TEST_RESULTS=FILE, also
# a line there of: fault, result, the problems that k8s02/k8s01 told, seconds, why.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1 dir=$2 mode=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd -P)

# judge NODE SAW: complaints, or what it saw
judge() {
	local trace=$dir/$fault.$mode.$1

	if [ ! -e "$trace.run" ]; then
		echo "expected a finished trace on $1, saw none: $(tail -qn 1 "$trace.err" "$dir/$fault.error" 2>/dev/null | head -n 1)"
	elif ! jq -rs --rawfile table "$here/verdicts" --argjson lab "$(<"$dir/$fault.lab")" \
		--argjson run "$(<"$trace.run")" --argjson saw "$2" -f "$here/verdicts.jq" "$trace.json" 2>&1; then
		echo "expected lines of JSON from $1"
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

	[ ! -e "$dir/$fault.seconds" ] || seconds=$(<"$dir/$fault.seconds")
	case $1 in
	ok) ok "$name" ;;
	*) "${1,,}" "$name" "$3" ;;
	esac
	[ -z "${CALITRACE_TEST_RESULTS:-}" ] ||
		printf '%s\t%s\t%s\t%s\t%s\n' "$fault" "$1" "$2" "$seconds" "${3//[$'\t\n']/ }" >>"$CALITRACE_TEST_RESULTS"
}

# The same for one fault, from both nodes
judge_fault() {
	local node said='' more saw=''

	said=$(judge_traffic)
	[ -z "$said" ] || said+=$'\n'
	for node in $(cat "$dir/$fault.nodes" 2>/dev/null || echo k8s02 k8s01); do
		more=$(judge "$node" false)
		[ -z "$more" ] || said+="$node: ${more//$'\n'/$'\n'$node: }"$'\n'
		saw+=/$(judge "$node" true)
	done
	saw=${saw#/}
	if [ -z "$said" ]; then
		result ok "$saw" ''
		return
	fi
	echo "-- $label $fault, started $mode"$'\n'"$said" >&2
	more=$(($(grep -c '' <<<"$said") - 1))
	said=${said%%$'\n'*}
	((more <= 1)) || said+=" (and $((more - 1)) more complaints)"
	result FAIL "$saw" "$said"
}

for fault; do
	if [ -e "$dir/$fault.skip" ]; then
		result skip - "$(<"$dir/$fault.skip")"
	elif [ -e "$dir/$fault.$mode.skip" ]; then
		result skip - "$(<"$dir/$fault.$mode.skip")"
	elif [ ! -e "$dir/$fault.done" ]; then
		result FAIL - "expected a finished run, saw none"
	else
		judge_fault
	fi
done
