#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All that is tested in one start of a virtual machine: tests/vm/guest.sh SHARE TASK...
# SHARE is the host's. Traces go there and are judged by the host, as jq is slow here; the other
# tests' results go to standard output. A TASK:
#
#   PLAN                    tests/faults/record.sh with all of its faults
#   verdicts=MODE[+VARIANT]:FAULT,...
#                           tests/faults/verdicts.sh, traces in SHARE/verdicts
#   checks=LAB/FAULT,...    tests/faults/checks.sh
#   NAME                    tests/faults/NAME.sh, which says itself what it found

set -euo pipefail

export CALITRACE_TEST_VM=1
share=$1
shift
here=$(dirname "$0")/..
label=${CALITRACE_TEST_LABEL:-vm}

status=0
for task; do
	case $task in
	verdicts=*)
		IFS=, read -r -a faults <<<"${task#*:}"
		mode=${task#*=} mode=${mode%%:*} variant=
		[[ $mode != *+* ]] || variant=${mode#*+}
		CALITRACE_TEST_SHARE=$share/verdicts CALITRACE_TEST_VARIANT=$variant \
			"$here/faults/verdicts.sh" /tmp/verdicts "${mode%%+*}" "${faults[@]}" || status=1
		;;
	checks=*)
		IFS=, read -r -a faults <<<"${task#*=}"
		"$here/faults/checks.sh" "$label" /tmp/checks "${faults[@]}" || status=1
		cp -r /tmp/checks "$share/" || :
		;;
	p[0-9]*) CALITRACE_TEST_SHARE=$share "$here/faults/record.sh" "/tmp/faults/$task" "$task" || status=1 ;;
	*)
		"$here/faults/$task.sh" "$label" "/tmp/$task" || status=1
		cp -r "/tmp/$task" "$share/" || :
		;;
	esac
done
exit $status
