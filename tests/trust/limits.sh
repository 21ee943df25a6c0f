#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A node that has nothing left: too few files may be open, too little memory, a read-only root. The
# tracer goes on, or ends with one clear line; it leaves nothing either way. (Full disks:
# tests/cli/capture.sh; missing rights: tests/cli/privileges.sh)
# tests/trust/limits.sh LABEL DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

begin "$1" "$2"
a_node lim
group=''
options=(live --netns "$node" --host-root "$out/root" --pool 10.99.0.0/16=none -i 'cali*' -d 2)

node_up() {
	local i

	ip netns add "$node"
	ip -n "$node" link set lo up
	for i in 1 2 3 4 5 6; do
		echo "link add cali$i type veth peer name p-cali$i"
		echo "link set cali$i up"
		echo "link set p-cali$i up"
	done | ip -n "$node" -b -
}

node_down() {
	ip netns del "$node" 2>/dev/null || :
	[ -z "$group" ] || rmdir "$group" 2>/dev/null || :
}

nothing_left() { ! in_netns "$node" tc qdisc show | grep -q '^qdisc clsact'; }

# clear NAME STATUS LINE: it traced to its end, or it says in one line that has LINE why it cannot
clear() {
	local name=$1 status=$2 errors

	within 10 nothing_left || echo "$name: expected nothing left, saw $(in_netns "$node" tc qdisc show | grep clsact | head -n 1)"
	if [ "$status" -eq 0 ]; then
		tracing "$out/$name.err" || echo "$name: expected it to trace, saw $(tail -n 1 "$out/$name.err")"
		return
	fi
	errors=$(grep -cv '^calitrace: tracing\|packets seen' "$out/$name.err" || :)
	[ "$status" -eq 2 ] || echo "$name: expected exit status 0 or 2, saw $status: $(tail -n 1 "$out/$name.err")"
	# or one for each device that it tried, and one for all
	if [ "$errors" -ne 1 ] && ! grep -q 'none of the interfaces' "$out/$name.err"; then
		echo "$name: expected one line, saw $errors: $(head -n 2 "$out/$name.err")"
	fi
	grep -qiE "$3" "$out/$name.err" || echo "$name: expected a word about $3, saw $(tail -n 1 "$out/$name.err")"
}

# limited NAME COMMAND...: its exit status goes to $out/NAME.status
limited() {
	local name=$1 status=0

	shift
	timeout -k 5 $((patience * 3)) "$@" >"$out/$name.out" 2>"$out/$name.err" </dev/null || status=$?
	echo $status >"$out/$name.status"
}

files() {
	local cnt traced=0

	for cnt in 4 6 8 12 16 24 32 48 64; do
		# shellcheck disable=SC2016 # expanded by the inner shell
		limited "files$cnt" sh -c 'ulimit -n $0 && exec "$@"' $cnt "$calitrace" "${options[@]}"
		clear "files$cnt" "$(cat "$out/files$cnt.status")" 'open files|too many'
		! tracing "$out/files$cnt.err" || traced=$((traced + 1))
	done
	echo "$traced of 9 limits let it trace" >"$out/files.measured"
	[ $traced -gt 0 ] || echo "expected it to trace with 64 files, saw $(tail -n 1 "$out/files64.err")"
}

# Whom the kernel kills may say nothing; it leaves nothing all the same.
memory() {
	local mib status

	for mib in 4 8 16 32 64; do
		echo $((mib << 20)) >"$group/$limit"
		# shellcheck disable=SC2016 # expanded by the inner shell
		limited "memory$mib" sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$group" "$calitrace" "${options[@]}"
		status=$(cat "$out/memory$mib.status")
		if [ "$status" -eq 137 ]; then
			within 10 nothing_left || echo "memory$mib: expected nothing left, saw clsact"
		else
			clear "memory$mib" "$status" 'memory'
		fi
		echo "$mib MiB: $status"
	done >"$out/memory.said"
	grep -v ' MiB: ' "$out/memory.said" || :
	grep -q '^64 MiB: 0' "$out/memory.said" || echo "expected 64 MiB to be enough, saw $(tail -n 1 "$out/memory.said")"
	grep ' MiB: ' "$out/memory.said" | paste -sd, - >"$out/memory.measured"
}

read_only() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	limited ro unshare -m sh -c 'mount --bind / / && mount -o remount,bind,ro / && cd / && "$0" "$@" -w /calitrace-test.pcapng; echo $? >&3
		exec "$0" "$@"' "$calitrace" "${options[@]}" 3>"$out/ro.first"
	[ "$(cat "$out/ro.first")" = 2 ] || echo "expected exit status 2 where it cannot write, saw $(cat "$out/ro.first")"
	grep -q 'calitrace-test.pcapng.*Read-only' "$out/ro.err" || echo "expected a word about the file, saw $(head -n 1 "$out/ro.err")"
	[ "$(cat "$out/ro.status")" = 0 ] || echo "expected it to trace without writing, saw exit status $(cat "$out/ro.status"): $(tail -n 1 "$out/ro.err")"
}

# told NAME CASE: what was measured is told
node_up
figured "$label few files may be open: it traces, or says so in one line" files files
check "$label a read-only root: it traces, and says where it cannot write" read_only
# Control groups of the second version, or of the first
for base in /sys/fs/cgroup:memory.max /sys/fs/cgroup/unified:memory.max /sys/fs/cgroup/memory:memory.limit_in_bytes; do
	limit=${base#*:} base=${base%:*}
	mkdir "$base/${prefix}memory" 2>/dev/null || continue
	group=$base/${prefix}memory
	[ ! -w "$group/$limit" ] || break
	rmdir "$group"
	group=''
done
if [ -n "$group" ]; then
	figured "$label little memory: it traces, says so, or is killed and leaves nothing" memory memory
else
	skip "$label little memory" "this machine has no control group that limits it"
fi
