#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Captures: what is in the file is what was said to be, other programs read it, and whatever goes
# wrong is told, with the file whole up to there. tests/cli/capture.sh DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
export PATH=$PATH:/usr/sbin:/sbin

# ---- what is written, and what is said of it ----

# capture NAME OPTION...: in the background, -w $out/NAME.pcapng unless the options have one
capture() {
	local name=$1 file=(-w "$out/$1.pcapng")

	shift
	rm -f "$out/$name.pcapng"
	[[ " $* " != *' -w '* ]] || file=()
	tracer_run "$name" capture "${at[@]}" "${file[@]}" "$@"
}

# captured STATUS COMMAND...: in the foreground, stderr to $out/stderr
captured() { ends_with "$1" timeout 60 "${@:2}"; }
ends_with() {
	local want=$1 status=0

	shift
	"$@" 2>"$out/stderr" </dev/null || status=$?
	[ "$status" -eq "$want" ] || echo "expected exit status $want, saw $status: $(head -n 1 "$out/stderr")"
}

# said FILE-OF-STDERR: packets written, as the tracer has it
said() { sed -nE 's/^calitrace: ([0-9]+) packets written to .*/\1/p' "$1"; }

# seen_by_tshark FILE...: how many packets; complaints go to standard output, too
seen_by_tshark() {
	local file

	for file; do
		tshark -n -r "$file" 2>"$out/tshark.err" || :
		grep -v 'Running as user' "$out/tshark.err" || :
	done | grep -c .
}
seen_by_tcpdump() { tcpdump -n -r "$1" 2>"$out/tcpdump.err" | grep -c . || grep -v '^reading' "$out/tcpdump.err"; }

# agrees FILE COUNT: all readers see as many, and there are some
agrees() {
	local tshark tcpdump

	tshark=$(seen_by_tshark "$1") tcpdump=$(seen_by_tcpdump "$1")
	[ "${2:-0}" -gt 0 ] || echo "expected packets in $(basename "$1"), saw ${2:-none}"
	[ "$tshark" = "$2" ] || echo "expected $2 packets by tshark, saw $tshark"
	[ "$tcpdump" = "$2" ] || echo "expected $2 packets by tcpdump, saw $tcpdump"
}

# The last line is the one that always comes.
closing() {
	[[ $(tail -n 1 "$1") =~ ^calitrace:\ [0-9]+\ packets\ seen,\ [0-9]+\ problems,.*lost,.*withheld$ ]] ||
		echo "expected the closing line, saw $(tail -n 1 "$1")"
}

traffic() { lab traffic --count "${1:-3}" ping dns >&2 || echo "expected healthy traffic, saw none"; }

# stopped NAME STATUS [SIGNAL]
stopped() {
	tracer_stop "$1" "${3:-INT}"
	[ "${tracer_status[$1]}" -eq "$2" ] ||
		echo "expected exit status $2, saw ${tracer_status[$1]}: $(tail -n 1 "$out/$1.err")"
}

# ended NAME STATUS: by itself
ended() {
	tracer_join "$1"
	[ "${tracer_status[$1]}" -eq "$2" ] ||
		echo "expected exit status $2, saw ${tracer_status[$1]}: $(tail -n 1 "$out/$1.err")"
}

# ---- a capture as it should be ----

healthy() {
	capture healthy
	tracer_wait healthy || { tracer_stop healthy && return; }
	held healthy >"$out/healthy.held"
	traffic
	stopped healthy 0
	[ ! -s "$out/healthy.json" ] || echo "expected nothing on standard output, saw $(head -c 60 "$out/healthy.json")"
	closing "$out/healthy.err"
	agrees "$out/healthy.pcapng" "$(said "$out/healthy.err")"
	[ "$(stat -c %a "$out/healthy.pcapng")" = 600 ] || echo "expected mode 600, saw $(stat -c %a "$out/healthy.pcapng")"
	capinfos "$out/healthy.pcapng" >&2 || echo "expected capinfos to like it, saw status $?"
	[ -s "$out/healthy.held" ] || echo "expected programs while it ran, saw none"
	within 10 all_gone "$out/healthy.held" ||
		echo "expected nothing left, saw $(present <"$out/healthy.held" | paste -sd, -)"
}

# What a pod asks is there at every device that it passes, with a comment in one line.
contents() {
	local file=$out/healthy.pcapng said

	for said in "$POD_DEV_k8s02_p1" eth0 "$LAB_TUNNEL"; do
		tshark -n -r "$file" -T fields -e frame.interface_name 2>/dev/null | grep -qx "$said" ||
			echo "expected packets at $said, saw $(tshark -n -r "$file" -T fields -e frame.interface_name 2>/dev/null | sort | uniq -c | paste -sd, -)"
	done
	said=$(tshark -n -r "$file" -T fields -e frame.comment 2>/dev/null | grep -c .)
	[ "$said" = "$(said "$out/healthy.err")" ] || echo "expected a comment for each packet, saw $said"
	tshark -n -r "$file" -Y 'dns.flags.response == 1' 2>/dev/null | grep -q . || echo "expected DNS replies, saw none"
	tshark -n -r "$file" -Y 'icmp.type == 0' 2>/dev/null | grep -q . || echo "expected echo replies, saw none"
}

no_overwriting() {
	local before file=$out/healthy.pcapng

	before=$(sha1sum <"$file")
	captured 2 "$calitrace" capture "${at[@]}" -w "$file" -d 1
	grep -q "healthy.pcapng' exists: --force" "$out/stderr" || echo "expected a word of --force, saw $(head -n 1 "$out/stderr")"
	[ "$(sha1sum <"$file")" = "$before" ] || echo "expected the file as it was, saw another"
	captured 0 "$calitrace" capture "${at[@]}" -w "$file" -d 0 --force
	[ "$(seen_by_tshark "$file")" = 0 ] || echo "expected the file to be replaced, saw $(seen_by_tshark "$file") packets"
}

count() {
	capture count -c 20
	tracer_wait count || { tracer_stop count && return; }
	traffic 5
	ended count 0
	[ "$(said "$out/count.err")" = 20 ] || echo "expected 20 packets, saw $(said "$out/count.err")"
	agrees "$out/count.pcapng" 20
}

# Without the right to load programs
snapshot() {
	local less=(setpriv '--bounding-set=-bpf,-perfmon' '--inh-caps=-bpf,-perfmon')

	rm -f "$out/snapshot.pcapng"
	captured 0 "${less[@]}" "$calitrace" capture "${at[@]}" -w "$out/snapshot.pcapng" -d 0
	closing "$out/stderr"
	[ "$(said "$out/stderr")" = 0 ] || echo "expected 0 packets, saw $(said "$out/stderr")"
	[ "$(seen_by_tshark "$out/snapshot.pcapng")" = 0 ] ||
		echo "expected tshark to read it, saw $(seen_by_tshark "$out/snapshot.pcapng")"
	[ "$(stat -c %s "$out/snapshot.pcapng")" -gt 2000 ] ||
		echo "expected the node's state, saw $(stat -c %s "$out/snapshot.pcapng") octets"
}

# Where Calico is not, there is still a node.
snapshot_elsewhere() {
	rm -rf "$out/elsewhere.pcapng" "$out/empty"
	mkdir "$out/empty"
	captured 0 unshare -n "$calitrace" capture -w "$out/elsewhere.pcapng" -d 0 --host-root "$out/empty"
	grep -q 'no Calico pool' "$out/stderr" || echo "expected a word of the pools, saw $(head -n 1 "$out/stderr")"
	[ "$(seen_by_tshark "$out/elsewhere.pcapng")" = 0 ] || echo "expected tshark to read it, saw $(seen_by_tshark "$out/elsewhere.pcapng")"
	# what is said must not go into a file that got the number of standard error
	rm -f "$out/elsewhere.pcapng"
	unshare -n "$calitrace" capture -w "$out/elsewhere.pcapng" -d 0 --host-root "$out/empty" 2>&- ||
		echo "expected exit status 0 without standard error, saw $?"
	[ "$(seen_by_tshark "$out/elsewhere.pcapng")" = 0 ] || echo "expected tshark to read it still, saw $(seen_by_tshark "$out/elsewhere.pcapng")"
}

rotation() {
	local files total=0 n file

	rm -f "$out"/rot_*.pcapng
	capture rot -w "$out/rot.pcapng" -C 64k -W 3
	tracer_wait rot || { tracer_stop rot && return; }
	for n in 1 2 3 4 5 6 7 8; do
		traffic 10
		[ ! -e "$out/rot_000004.pcapng" ] || break
	done
	stopped rot 0
	mapfile -t files < <(printf '%s\n' "$out"/rot_*.pcapng)
	[ ${#files[@]} -eq 3 ] || echo "expected 3 files, saw ${#files[@]}: ${files[*]##*/}"
	[ ! -e "$out/rot_000001.pcapng" ] || echo "expected the oldest to be removed, saw it"
	for file in "${files[@]}"; do
		n=$(seen_by_tshark "$file")
		[ "$n" -gt 0 ] || echo "expected packets in ${file##*/}, saw $n"
		agrees "$file" "$n"
		total=$((total + n))
	done
	[ "$total" -lt "$(said "$out/rot.err")" ] || echo "expected fewer packets than $(said "$out/rot.err"), saw $total"
	captured 2 "$calitrace" capture "${at[@]}" -w "$out/rot.pcapng" -C 64k -d 1
	grep -q "exists: --force" "$out/stderr" || echo "expected a word of --force, saw $(head -n 1 "$out/stderr")"
}

all_parts() {
	local total

	rm -f "$out"/part_*.pcapng
	capture part -w "$out/part.pcapng" -C 64k
	tracer_wait part || { tracer_stop part && return; }
	traffic 20
	within "$patience" test -e "$out/part_000002.pcapng" || traffic 20
	stopped part 0
	total=$(seen_by_tshark "$out"/part_*.pcapng)
	[ "$total" = "$(said "$out/part.err")" ] || echo "expected $(said "$out/part.err") packets in all, saw $total"
}

to_pipe() {
	local n

	n=$({
		timeout 60 "$calitrace" capture "${at[@]}" -w - -c 30 -- \
			ip netns exec "$POD_NETNS_k8s02_p1" ping -c 8 -i 0.2 "$POD_IP_k8s01_coredns" 2>"$out/pipe.err" ||
			echo "expected exit status 0, saw $?"
	} | tshark -n -r - 2>>"$out/pipe.err" | grep -c .)
	[ "$n" = "$(said "$out/pipe.err")" ] || echo "expected $(said "$out/pipe.err") packets, saw $n"
	[ "$n" -gt 10 ] || echo "expected more than 10 packets, saw $n"
	# what the program says is beside it
	grep -q 'bytes from' "$out/pipe.err" || echo "expected the program's words on standard error, saw none"
}

has_packets() { [ "$(seen_by_tshark "$1")" -ge "$2" ]; }

# It flushes, and nothing else; a capture that is killed later has what was flushed.
usr1_and_kill() {
	local n

	capture kill
	tracer_wait kill || { tracer_stop kill && return; }
	traffic 5
	kill -USR1 "${tracer_pid[kill]}"
	within 10 has_packets "$out/kill.pcapng" 20 ||
		echo "expected packets in the file, saw $(seen_by_tshark "$out/kill.pcapng")"
	kill -0 "${tracer_pid[kill]}" || echo "expected it to go on after SIGUSR1, saw it ended"
	stopped kill 137 KILL
	n=$(seen_by_tshark "$out/kill.pcapng")
	agrees "$out/kill.pcapng" "$n"
}

filtered() {
	local n

	capture filter icmp
	tracer_wait filter || { tracer_stop filter && return; }
	traffic
	stopped filter 0
	agrees "$out/filter.pcapng" "$(said "$out/filter.err")"
	n=$(tshark -n -r "$out/filter.pcapng" -Y 'not icmp' 2>/dev/null | grep -c . || :)
	[ "$n" = 0 ] || echo "expected nothing but ICMP, saw $n other packets"
	# requests and replies, at three devices each
	n=$(said "$out/filter.err")
	[ "$n" -ge $((3 * 2 * 3)) ] || echo "expected whole exchanges, saw $n packets"
}

live_writes() {
	rm -f "$out/live.pcapng"
	live live k8s02 -w "$out/live.pcapng"
	tracer_wait live || { tracer_stop live && return; }
	traffic
	stopped live 0
	grep -q '^SUMMARY' "$out/live.json" || echo "expected live's summary, saw $(tail -n 1 "$out/live.json")"
	agrees "$out/live.pcapng" "$(said "$out/live.err")"
}

# ---- what cannot be written ----

# refuses WORD WHERE OPTION...
refuses() {
	local word=$1 where=$2

	shift 2
	captured 2 "$calitrace" capture "${at[@]}" -w "$where" -d 1 "$@"
	[ "$(grep -c . "$out/stderr")" -eq 1 ] || echo "expected one line, saw $(paste -sd';' "$out/stderr")"
	grep -q -- "$word" "$out/stderr" || echo "expected a line that speaks of '$word', saw $(head -n 1 "$out/stderr")"
}

refusals() {
	rm -rf "$out/d"
	mkdir -p "$out/d"
	mkfifo "$out/d/fifo"
	ln -s nowhere "$out/d/link"
	refuses 'is a directory' "$out/d"
	refuses 'no directory' "$out/d/none/x"
	refuses FIFO "$out/d/fifo" --force
	refuses 'symbolic link' "$out/d/link" --force
	refuses device /dev/null --force
	[ ! -e "$out/d/nowhere" ] || echo "expected nothing to be made, saw a file"
	script -qec "$(printf '%q ' "$calitrace" capture "${at[@]}" -w - -d 1)" /dev/null >"$out/stdout" 2>&1 </dev/null &&
		echo "expected a terminal to be refused, saw exit status 0"
	grep -q terminal "$out/stdout" || echo "expected a word of the terminal, saw $(head -n 1 "$out/stdout")"
}

# A trace that cannot begin leaves no file.
no_start() {
	rm -f "$out/none.pcapng"
	captured 2 "$calitrace" capture "${at[@]}" -w "$out/none.pcapng" -i nosuch0
	[ ! -e "$out/none.pcapng" ] || echo "expected no file, saw one"
	echo old >"$out/none.pcapng"
	captured 2 "$calitrace" capture "${at[@]}" -w "$out/none.pcapng" --force -i nosuch0
	[ "$(cat "$out/none.pcapng")" = old ] || echo "expected the earlier file as it was, saw another"
	[ "$(printf '%s\n' "$out"/none.pcapng* | wc -l)" -eq 1 ] || echo "expected no other file, saw $(printf '%s ' "$out"/none.pcapng*)"
}

# in_tmpfs SIZE COMMAND...: with a file system of that size at $out/tmpfs, of which a copy stays at
# $out/kept
in_tmpfs() {
	local size=$1

	shift
	rm -rf "$out/kept"
	mkdir -p "$out/tmpfs" "$out/kept"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare -m bash -c 'mount -t tmpfs -o size="$1" none "$2/tmpfs" && out=$2 && shift 2 || exit 99
		"$@"
		status=$?
		cp "$out/tmpfs"/* "$out/kept/"
		exit $status' sh "$size" "$out" "$@"
}

# It is whole up to where it ends, and has as many packets as was said.
whole() {
	local n

	n=$(sed -nE 's/^calitrace: cannot write to .*; ([0-9]+) packets are in it$/\1/p' "$out/stderr")
	[ -n "$n" ] || { echo "expected to hear what is in the file, saw $(paste -sd';' "$out/stderr")" && return; }
	[ "$(seen_by_tshark "$1")" = "$n" ] || echo "expected $n packets, saw $(seen_by_tshark "$1")"
}

# Not even the node's state fits.
full_disk() {
	ends_with 2 in_tmpfs 4k timeout 60 "$calitrace" capture "${at[@]}" -w "$out/tmpfs/x.pcapng" "$@"
	grep -q "tmpfs/x.pcapng': No space left" "$out/stderr" || echo "expected the file and why, saw $(paste -sd';' "$out/stderr")"
	whole "$out/kept/x.pcapng"
}

# fills SIZE: traffic until it ends by itself, before the file system is full, or when it is
fills() {
	local status=0 pid i

	rm -f "$out/stderr"
	in_tmpfs "$1" "$calitrace" capture "${at[@]}" -w "$out/tmpfs/x.pcapng" 2>"$out/stderr" </dev/null &
	pid=$!
	within "$patience" tracing "$out/stderr" || echo "expected it to trace, saw $(tail -n 1 "$out/stderr")"
	for ((i = 0; i < 40; i++)); do
		kill -0 $pid 2>/dev/null || break
		traffic 20
	done
	if ! within "$patience" tracer_gone $pid; then
		kill -KILL $pid
		echo "expected it to end, saw it run"
	fi
	wait $pid || status=$?
	closing "$out/stderr"
	if [ $status -eq 2 ]; then
		whole "$out/kept/x.pcapng"
	elif [ $status -ne 0 ]; then
		echo "expected exit status 0 or 2, saw $status: $(paste -sd';' "$out/stderr")"
	else
		grep -q 'ended early: .* only .* free' "$out/stderr" || echo "expected to hear of the space, saw $(paste -sd';' "$out/stderr")"
		agrees "$out/kept/x.pcapng" "$(said "$out/stderr")"
	fi
}

# shellcheck disable=SC2016 # expanded by the inner shell
size_limit() {
	local pid status=0

	rm -f "$out/limit.pcapng" "$out/stderr"
	bash -c 'ulimit -f 24 && exec "$@"' sh "$calitrace" capture "${at[@]}" -w "$out/limit.pcapng" 2>"$out/stderr" </dev/null &
	pid=$!
	within "$patience" tracing "$out/stderr" || echo "expected it to trace, saw $(tail -n 1 "$out/stderr")"
	traffic 20
	within "$patience" tracer_gone $pid || { kill -KILL $pid && echo "expected it to end, saw it run"; }
	wait $pid || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	grep -q "limit.pcapng': File too large" "$out/stderr" || echo "expected the file and why, saw $(paste -sd';' "$out/stderr")"
	closing "$out/stderr"
	whole "$out/limit.pcapng"
}

nobody_reads() {
	local status

	timeout 60 "$calitrace" capture "${at[@]}" -w - -- \
		ip netns exec "$POD_NETNS_k8s02_p1" ping -q -c 20 -i 0.2 "$POD_IP_k8s01_coredns" 2>"$out/stderr" |
		head -c 100 >/dev/null && status=${PIPESTATUS[0]} || status=${PIPESTATUS[0]}
	[ "$status" -eq 2 ] || echo "expected exit status 2, saw $status"
	grep -q "standard output': Broken pipe" "$out/stderr" || echo "expected a word of the pipe, saw $(paste -sd';' "$out/stderr")"
}

# stalled SIGNAL|- OPTION...: the reader neither reads nor goes; a signal ends it all the same, or -d,
# or the end of the program
stalled() {
	local reader pid status=0 signal=$1

	shift

	rm -f "$out/fifo" "$out/stderr"
	mkfifo "$out/fifo"
	# shellcheck disable=SC2217 # that it does not read is the point
	sleep 300 <"$out/fifo" &
	reader=$!
	"$calitrace" capture "${at[@]}" -w - "$@" >"$out/fifo" 2>"$out/stderr" </dev/null &
	pid=$!
	within "$patience" tracing "$out/stderr" || echo "expected it to trace, saw $(tail -n 1 "$out/stderr")"
	traffic 40
	[ "$signal" = - ] || kill -"$signal" $pid
	within "$patience" tracer_gone $pid || { kill -KILL $pid && echo "expected it to end, saw it run"; }
	wait $pid || status=$?
	kill $reader
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	grep -q 'nobody reads it' "$out/stderr" || echo "expected a word of the reader, saw $(paste -sd';' "$out/stderr")"
	closing "$out/stderr"
}

lab_up "${CALITRACE_TEST_PREFIX:-t$$-}cap-"
at=(--netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}")
check 'capture: healthy' healthy
check 'capture: contents' contents
check 'capture: no overwriting' no_overwriting
check 'capture: -c' count
check 'capture: -d 0' snapshot
check 'capture: -d 0 without Calico' snapshot_elsewhere
check 'capture: -C and -W' rotation
check 'capture: -C keeps all' all_parts
check 'capture: -w - into a pipe' to_pipe
check 'capture: SIGUSR1, SIGKILL' usr1_and_kill
check 'capture: FILTER' filtered
check 'capture: live -w' live_writes
check 'capture: refusals' refusals
check 'capture: no start, no file' no_start
check 'capture: full disk' full_disk -d 2
check 'capture: full disk, -d 0' full_disk -d 0
for size in 64k 256k 1m; do
	check "capture: fills $size" fills $size
done
check 'capture: file size limit' size_limit
check 'capture: nobody reads the pipe' nobody_reads
check 'capture: the reader of the pipe stalls' stalled INT
check 'capture: the reader of the pipe stalls, -d' stalled - -d 3
check 'capture: the reader of the pipe stalls, a program' stalled - -- sleep 3
