#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a replay of the golden captures has to say: tests/golden/expect.sh [--check] [CAPTURE...]
#
# Each capture is shown, and judged by the tables tests/faults/verdicts and tests/faults/roots as if a
# tracer had said it right now: its packets, its findings, their causes. What passes is written down
# beside it, FILE.expect, a line for each finding, for tests/unit/test_golden.c:
#
#   VERDICT BLOCK[,BLOCK...]|- CAUSE[|CAUSE...] LINK:CONFIDENCE[,LINK:CONFIDENCE...]
#
# What the table of roots has as "open" and is not found yet has "?" for the chain, and all that may
# stand there for CAUSE; what it has as "known" to be wrong, "?" for both. --check writes nothing, and fails where something else would be written, or
# nothing at all. Without CAPTURE: all of them. Neither needs root.

set -euo pipefail

cd "$(dirname "$0")/../.."
calitrace=${CALITRACE_TEST_PROGRAM:-$PWD/calitrace}
check=''
[ "${1:-}" != --check ] || { check=1 && shift; }
[ $# -gt 0 ] || set -- tests/golden/*/*.pcapng.gz
tmp=$(mktemp -d -t calitrace-golden.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
status=0

# shellcheck disable=SC2016 # jq's own variables
lines='def judged($f): first($score.findings[] | select(.id == $f.id)) // {};
	[.[] | select(.type == "finding")] | group_by(.id) | map(max_by(.rev)) | .[] |
	select(.packets > 0 or .state == "open") | . as $f | judged($f) as $j |
	([.because[]? | "\(.cause):\(.confidence)"] | join(",")) as $chain |
	"\(.verdict) \(.blocks // ["-"] | join(",")) " +
	if $j.grade == "wrong" then "? ?"
	elif $j.open and ($j.grade == "short" or $j.grade == "unknown") then "\([.cause, "unknown"] + $j.root | unique | join("|")) ?"
	else "\(.cause) \($chain)" end'

# CAPTURE: what was expected and what was seen, or nothing
judge() {
	local name=${1%.pcapng.gz} said

	gzip -dc "$1" >"$tmp/capture.pcapng"
	"$calitrace" show --all -o json "$tmp/capture.pcapng" >"$tmp/shown" 2>"$tmp/err" || {
		echo "expected a replay, saw $(head -n 1 "$tmp/err")"
		return
	}
	jq -rs --rawfile table tests/faults/verdicts --rawfile roots tests/faults/roots \
		--argjson lab "$(jq -c .lab "$name.json")" --argjson run "$(jq -c .run "$name.json")" --argjson in_time false \
		-f tests/faults/verdicts.jq "$tmp/shown" >"$tmp/said" 2>&1 || echo "expected a judgement, saw $(tail -n 1 "$tmp/said")"
	said=$(sed -n 's/^complaint\t//p' "$tmp/said")
	[ -z "$said" ] || echo "$said"
	jq -rs --argjson score "$(sed -n 's/^score\t//p' "$tmp/said")" "$lines" "$tmp/shown" >"$tmp/lines"
}

for capture; do
	what="golden ${capture#tests/golden/}"
	what=${what%.pcapng.gz}
	file=${capture%.pcapng.gz}.expect
	said=$(judge "$capture")
	if [ -z "$said" ] && [ -n "$check" ] && ! cmp -s "$tmp/lines" "$file"; then
		said="expected $(tr '\n' ';' <"$file"), saw $(tr '\n' ';' <"$tmp/lines")"
	fi
	if [ -n "$said" ]; then
		echo "FAIL $what: ${said//$'\n'/; }"
		status=1
	else
		[ -n "$check" ] || cat "$tmp/lines" >"$file"
		echo "ok $what"
	fi
done
exit $status
