#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A tracer that hangs, for tests/bench/overhead: runs COMMAND, stops it by SIGSTOP once it has
# attached, and says so when its programs do nothing any more. SIGINT ends both.
# tests/trust/stopped.sh COMMAND...

set -euo pipefail

"$@" &
pid=$!
end() {
	kill -CONT $pid 2>/dev/null || :
	kill -INT $pid 2>/dev/null || :
	wait $pid || :
	exit 0
}
trap end INT TERM
until grep -qs '^link_id:' /proc/$pid/fdinfo/*; do
	kill -0 $pid
	sleep 0.1
done
# the last of its devices; and the 2 s without a sign of life
sleep 2
kill -STOP $pid
sleep 2.5
echo "stopped" >&2
while kill -0 $pid 2>/dev/null; do wait $pid || :; done
