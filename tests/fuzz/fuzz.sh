#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tests/fuzz/fuzz.sh [--long] DIR [TARGET...]
#
# Runs libFuzzer's programs (in DIR: make fuzz-progs), two at a time, each FUZZ_SECONDS (60) long.
# What they found new stays in .output/fuzz/corpus and is where the next run begins. One line for each:
# how often it ran, how fast, how much memory. Inputs that were too much are in .output/fuzz/found, and
# belong into tests/fuzz/crashes/TARGET once they are mended.
#
# --long: until each ran FUZZ_RUNS (10000000) times, over all runs that were interrupted: parts of
# FUZZ_SECONDS (600) each, whose figures are in .output/fuzz/done.

set -euo pipefail

cd "$(dirname "$0")/../.."
long=
[ "${1-}" != --long ] || { long=1 && shift; }
[ $# -gt 0 ] || { echo "usage: fuzz.sh [--long] DIR [TARGET...]" >&2 && exit 2; }
dir=$1
shift
seconds=${FUZZ_SECONDS:-$((${long:-0} ? 600 : 60))} runs=${FUZZ_RUNS:-10000000}
state=.output/fuzz
# A short run can be repeated; the parts of a long one are to differ.
seed=$((${long:-0} ? 0 : 1))
targets=("$@")
[ ${#targets[@]} -gt 0 ] ||
	mapfile -t targets < <(find tests/fuzz -name 'fuzz_*.c' | sed 's|.*/fuzz_||; s|\.c$||' | sort)
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1

# The longest input of a target: what is a command on files gets some that hold more
length() {
	case $1 in
	show | diff | report | capfile) echo 65536 ;;
	*) echo 8192 ;;
	esac
}

# one TARGET: a line on standard output
one() {
	local target=$1 log=$state/logs/$1.log status=0 left=0 done=0 n rate rss crashes=()

	mkdir -p "$state/corpus/$target" "$state/found/$target" "$state/logs" "$state/done"
	[ ! -d "tests/fuzz/crashes/$target" ] || crashes=("tests/fuzz/crashes/$target")
	if [ "$long" ]; then
		done=$(cat "$state/done/$target" 2>/dev/null) || done=0
		left=$((runs - done))
		((left > 0)) || { echo "ok fuzz $target: $done executions" && return; }
	fi
	# half a minute for an input, as others may be at work, and 256 MiB for one allocation
	"$dir/$target" -max_total_time="$seconds" -runs="$((left > 0 ? left : -1))" -seed="$seed" \
		-max_len="$(length "$target")" -timeout=30 -rss_limit_mb=1024 -malloc_limit_mb=256 \
		-close_fd_mask=3 -print_final_stats=1 -artifact_prefix="$state/found/$target/" \
		"$state/corpus/$target" "tests/fuzz/seeds/$target" "${crashes[@]}" \
		>"$log" 2>&1 </dev/null || status=$?
	n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
	rss=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
	echo $((done + ${n:-0})) >"$state/done/$target"
	if [ $status -ne 0 ]; then
		echo "FAIL fuzz $target: expected nothing to be too much, saw $(grep -m 1 -E 'ERROR|runtime error|SUMMARY' "$log" || tail -n 1 "$log") (status $status, $log)"
	else
		echo "ok fuzz $target: ${n:-0} executions ($((done + ${n:-0})) over all runs), ${rate:-?} a second, ${rss:-?} MiB"
	fi
}

# enough TARGET: false when it is not done yet
enough() { ! [ "$long" ] || [ "$(cat "$state/done/$1" 2>/dev/null || echo 0)" -ge "$runs" ]; }

failed=0
while [ ${#targets[@]} -gt 0 ]; do
	more=()
	for ((i = 0; i < ${#targets[@]}; i += 2)); do
		out=()
		for target in "${targets[@]:i:2}"; do
			mkdir -p "$state/logs"
			one "$target" >"$state/logs/$target.result" &
			out+=("$state/logs/$target.result")
		done
		wait
		cat "${out[@]}"
		! grep -q '^FAIL' "${out[@]}" || failed=1
	done
	for target in "${targets[@]}"; do
		enough "$target" || grep -q '^FAIL' "$state/logs/$target.result" || more+=("$target")
	done
	targets=("${more[@]}")
done
exit $failed
