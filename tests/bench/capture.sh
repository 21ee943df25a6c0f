#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What reading a capture costs, against tcpdump and tshark on the same file, in CPU time (user and
# system), in turns: tests/bench/capture.sh. BENCH_PACKETS is the file's size (1000000), BENCH_RUNS
# how often each is run (5). A line for each limit; as a test is no place for timing, it fails at
# ten times a limit.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

packets=${BENCH_PACKETS:-1000000} runs=${BENCH_RUNS:-5}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
programs=$(dirname "$(cd "$root" && find .output -path '*/tests/bench/usage' -type f -perm -u+x | head -n 1)")
[ -n "$programs" ] || { fail "bench capture" "expected tests/bench/usage, run make bench-progs" && exit 1; }
programs=$root/$programs
export TZ=UTC

# cost NAME COMMAND...: adds a line to $dir/NAME
cost() { "$programs/usage" "$dir/$1" "${@:2}" >/dev/null 2>"$dir/$1.err"; }

# median NAME: of its CPU times, in microseconds
median() { sort -n "$dir/$1" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }
peak() { sort -n -k 2 "$dir/$1" | awk 'END { print $2 }'; }
statuses() { awk '{ print $3 }' "$dir/$1" | sort -u | tr '\n' ' '; }

failed=0
# tell WHAT MEASURED LIMIT: MEASURED may be a product, a / b
tell() {
	local state

	state=$(awk -v m="$2" -v l="$3" 'BEGIN { print m <= l ? "ok" : m <= 10 * l ? "over" : "FAIL" }')
	printf '%-4s bench %-58s %9s  (limit %s)\n' "$state" "$1" "$2" "$3"
	[ "$state" != FAIL ] || failed=1
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4g", a / b }'; }
ms() { awk -v t="$1" 'BEGIN { printf "%.0f ms", t / 1000 }'; }

# ran_well NAME STATUS...: all of its runs ended with one of these, or the figure means nothing
ran_well() {
	local s

	for s in $(statuses "$1"); do
		[[ " ${*:2} " == *" $s "* ]] && continue
		fail "bench $1" "expected exit status ${*:2}, saw $s: $(tail -n 1 "$dir/$1.err")"
		failed=1
		return 1
	done
}

"$programs/gen" "$dir/a" "$packets"
"$programs/gen" "$dir/b" "$packets" 0
"$programs/gen" "$dir/tenth" $((packets / 10))
size=$(stat -c %s "$dir/a")
echo "$packets packets, $((size / 1000000)) MB, $runs runs each" >&2
for ((i = 0; i < runs; i++)); do
	cost count tcpdump -r "$dir/a" --count
	cost summary "$calitrace" show --summary "$dir/a"
	cost text tcpdump -r "$dir/a" -n -tt
	cost lines "$calitrace" show --packets "$dir/a"
	cost capinfos capinfos -c "$dir/a"
	cost diff "$calitrace" diff "$dir/a" "$dir/b"
done
# what a script would compare; it takes long, so a tenth, once
cost fields tshark -r "$dir/tenth" -n -T fields -e frame.time_epoch -e frame.interface_name \
	-e ip.src -e ip.dst -e dns.id -e icmp.seq -Y 'dns or icmp'

for name in count summary text lines capinfos diff fields; do
	echo "$name: $(ms "$(median $name)"), $(peak $name) KiB" >&2
done
if ran_well count 0 && ran_well summary 0; then
	tell "show --summary : tcpdump --count" "$(ratio "$(median summary)" "$(median count)")" 1.5
fi
if ran_well text 0 && ran_well lines 0; then
	tell "show --packets : tcpdump -n -tt" "$(ratio "$(median lines)" "$(median text)")" 0.5
fi
if ran_well diff 0 1 3 && ran_well fields 0; then
	tell "diff A B : tshark -T fields of both" \
		"$(ratio "$(median diff)" $((20 * $(median fields))))" 0.0333
fi
# No file is that long: it comes through a pipe.
mkfifo "$dir/pipe"
for n in 1 10; do
	"$programs/gen" "$dir/pipe" $((n * packets)) &
	gen_pid=$!
	cost "memory$n" "$calitrace" show --summary - <"$dir/pipe"
	wait $gen_pid
done
if ran_well memory1 0 && ran_well memory10 0; then
	tell "memory of show --summary, 10 times as many packets : once" \
		"$(ratio "$(peak memory10)" "$(peak memory1)")" 1.1
	tell "memory of show --summary, MiB" "$(ratio "$(peak memory1)" 1024)" 64
fi
exit $failed
