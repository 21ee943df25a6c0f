#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Process 1 of the guest, on the host's root file system with a layer in memory
# above it: runs the command and leaves its status in the control share, where
# tools/vm_run.sh put the settings and the command.

control=/run/calitrace-vm
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

directory='' home=''
# shellcheck source=/dev/null
. $control/settings
export HOME=$home

# The guest ends here whatever happens: its files are in memory or were written through.
finish() {
	echo "$1" >$control/status
	echo b >/proc/sysrq-trigger
	sleep 60
}

cd "$directory" || {
	echo "vm_run.sh: the guest has no directory $directory" >>$control/stderr
	finish 125
}

# The command writes into pipes: it may open /dev/stderr anew, which would cut a file short.
# Its output is complete once the copiers end; a daemon that it left behind can keep them.
exec 8> >(exec /run/calitrace-bin/busybox cat >>$control/stdout)
copiers=$!
exec 9> >(exec /run/calitrace-bin/busybox cat >>$control/stderr 8>&-)
copiers="$copiers $!"
bash $control/command </dev/null >&8 2>&9 8>&- 9>&-
status=$?
exec 8>&- 9>&-
for ((i = 0; i < 40; i++)); do
	# shellcheck disable=SC2086 # a list
	kill -0 $copiers 2>/dev/null || break
	/run/calitrace-bin/busybox sleep 0.05
done
finish $status
