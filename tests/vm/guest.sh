#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All that is tested in one start of a virtual machine: tests/vm/guest.sh SHARE PLAN...
# SHARE is the host's. The traces of the fault tests go there and are judged by the host;
# the other tests' results go to standard output.

set -euo pipefail

export CALITRACE_TEST_VM=1 CALITRACE_TEST_SHARE=$1
shift
here=$(dirname "$0")/..
label=${CALITRACE_TEST_LABEL:-vm}

status=0
for plan; do
	"$here/faults/record.sh" "/tmp/faults/$plan" "$plan" || status=1
done
"$here/faults/health.sh" "$label" /tmp/health || status=1
"$here/faults/clean.sh" "$label" /tmp/clean || status=1
cp -r /tmp/health /tmp/clean "$CALITRACE_TEST_SHARE/" || :
exit $status
