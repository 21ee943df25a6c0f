#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Record the golden captures of faults anew:
#
#   tests/golden/record.sh [--judge] KERNEL before|late|both [FAULT...]
#
# KERNEL is "native" or a name of tests/vm/kernels. Each fault is brought about as in
# tests/faults/verdicts.sh, with tracers that write down what they see. What the judge finds right of
# it is kept, from one node: the first one that the fault hits, by the table tests/faults/verdicts.
#
#   KERNEL/FAULT.START.NODE.pcapng.gz   the observations
#   KERNEL/FAULT.START.NODE.json        the plan of the lab, and when what was sent
#   KERNEL/FAULT.START.NODE.expect      see tests/golden/expect.sh, which writes it
#
# Nothing of that is replaced by a run that is not right. The traces stay in /var/tmp/calitrace-golden/KERNEL/START until
# the next time of that start: --judge runs nothing, and judges these, as after a change of the tables.
# CALITRACE_TEST_LIMIT: seconds for a virtual machine.

set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
cd "$(dirname "$0")/../.."
again=''
[ "${1:-}" != --judge ] || { again=1 && shift; }
[ $# -ge 2 ] || { sed -n '6s/^# *//p' "$0" >&2 && exit 2; }
[ "$(id -u)" -eq 0 ] || { echo "record.sh: only root can load BPF programs and build a lab" >&2 && exit 2; }
kernel=$1 starts=$2 most=32768
shift 2
case $starts in before | late) ;; both) starts='before late' ;; *) echo "record.sh: no such start: $starts" >&2 && exit 2 ;; esac
[ $# -gt 0 ] || mapfile -t all < <(sed -nE 's/^fault ([^ ]+).*/\1/p' tests/faults/verdicts)
[ $# -gt 0 ] || set -- "${all[@]}"

# The command line is part of a capture: it is to be the same wherever the tree is. A virtual machine
# has a /tmp of its own.
work=/var/tmp/calitrace-golden/$kernel
mkdir -p "$work"
if [ -z "$again" ]; then
	for start in $starts; do rm -rf "${work:?}/$start" "$work/$start.share"; done
	# the other start may be under way with it
	cp calitrace "$work/calitrace.$$"
	mv "$work/calitrace.$$" "$work/calitrace"
fi
export CALITRACE_TEST_PROGRAM=$work/calitrace CALITRACE_TEST_CAPTURE=1 CALITRACE_TEST_HEALTHY=${CALITRACE_TEST_HEALTHY:-3}

record() {
	local dir=$work/$1

	if [ "$kernel" = native ]; then
		tests/faults/verdicts.sh "$dir" "$1" "${@:2}" >>"$work/log" 2>&1 || :
	else
		CALITRACE_TEST_LABEL=$kernel tools/vm_run.sh --kernel "$kernel" --timeout "${CALITRACE_TEST_LIMIT:-5400}" \
			--share "$dir.share" -- tests/vm/guest.sh "$dir.share" "verdicts=$1:$(IFS=, && echo "${*:2}")" >>"$work/log" 2>&1 || :
		mkdir -p "$dir"
		cp -r "$dir.share/verdicts/." "$dir/"
	fi
}

# FAULT: where it hits first
teller() {
	awk -v fault="$1" '$1 == "fault" { on = $2 == fault } on && $1 == "hit" { print $2; found = 1; exit }
		END { if (!found) print "k8s02" }' tests/faults/verdicts
}

# FAULT START
keep() {
	local node name from to=tests/golden/$kernel

	node=$(teller "$1")
	name=$1.$2.$node
	from=$work/$2/$name
	mkdir -p "$to"
	gzip -9nc "$from.pcapng" >"$from.gz"
	if [ "$(stat -c %s "$from.gz")" -gt $most ]; then
		echo "FAIL record $name: expected at most $most octets, saw $(stat -c %s "$from.gz")"
		return
	fi
	cp "$from.gz" "$to/$name.pcapng.gz"
	jq -nc --argjson run "$(<"$from.run")" --argjson lab "$(<"$work/$2/$1.lab")" '{$run, $lab}' >"$to/$name.json"
	tests/golden/expect.sh "$to/$name.pcapng.gz"
}

for start in $starts; do
	[ -n "$again" ] || record "$start" "$@"
	for fault; do
		said=$(tests/faults/judge.sh "$kernel" "$work/$start" "$start" "$fault" 2>>"$work/log")
		case $said in
		ok*) keep "$fault" "$start" ;;
		*) echo "$said" ;;
		esac
	done
done
