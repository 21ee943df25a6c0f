#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Objects of several compilers on one kernel: each loads, with the same programs; prints how many
# instructions the verifier went through for each.
# tests/trust/grid.sh KERNEL DIR COMPILER..., where make grid has put COMPILER/load into DIR; KERNEL is
# "native", or one of tools/vm_run.sh

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

kernel=$1 dir=$2
shift 2
compilers=("$@")
answer=$dir/$kernel.said
# What every kernel takes, see tests/README.md
always=(calitrace_in calitrace_eg calitrace_route calitrace_bgp)

load_all() {
	local c

	# shellcheck disable=SC2016 # the guest's
	set -- bash -c 'echo "kernel $(uname -r)"
		for c; do echo "compiler $c"; "'"$dir"'/$c/load" || echo "status $?"; done; echo end' load "${compilers[@]}"
	if [ "$kernel" = native ]; then "$@"; else "$root/tools/vm_run.sh" --kernel "$kernel" --timeout 1800 -- "$@"; fi
}

# of COMPILER: its lines
of() { awk -v c="$1" '$1 == "compiler" { on = $2 == c; next } $1 == "end" { on = 0 } on' "$answer"; }
programs_of() { of "$1" | awk '/^calitrace_/ { print $1 }' | sort; }

judge() {
	local c=$1 p

	of "$c" | grep -E '^(status|refused all)' | sed 's/^/expected the programs to load, saw /' || :
	for p in "${always[@]}"; do
		programs_of "$c" | grep -qx "$p" || echo "expected $p to load, saw $(of "$c" | paste -sd';' -)"
	done
	[ "$(programs_of "$c")" = "$(programs_of "${compilers[0]}")" ] ||
		echo "expected the programs of ${compilers[0]}, saw $(programs_of "$c" | paste -sd' ' -)"
	of "$c" | awk '/^calitrace_/ { sub("calitrace_", ""); all += $2; text = text sprintf("%s%s %s", sep, $1, $2 ? $2 : "?"); sep = ", " }
		END { printf "%s; %d in all", text, all }' >"$dir/$c.measured"
}

cd "$root"
load_all >"$answer" 2>"$answer.err" || :
release=$(awk '$1 == "kernel" { print $2 }' "$answer")
grep -qx end "$answer" || fail "grid on $kernel" "expected an answer, saw $(tail -n 2 "$answer.err")"
out=$dir
for c in "${compilers[@]}"; do
	figured "object of $c on ${release:-$kernel}: loads" "$c" judge "$c"
done
