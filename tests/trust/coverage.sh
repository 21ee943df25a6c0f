#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which lines of the pure modules the unit tests run, by gcov: at least 90 of 100, of all together.
# tests/trust/coverage.sh DIR, which make coverage-progs has filled

set -euo pipefail

dir=$1 least=90
find "$dir" -name '*.gcda' -delete
failed=''
for program in "$dir"/tests/unit/test_*; do
	[ -x "$program" ] || continue
	timeout "${CALITRACE_COVERAGE_LIMIT:-300}" "$program" >"$program.log" 2>&1 </dev/null || failed+=" ${program##*/}"
done
[ -z "$failed" ] || { echo "FAIL coverage: expected the unit tests to pass, saw that these do not:$failed" && exit 1; }

# "File 'user/engine.c'" and "Lines executed:97.53% of 324" to "97.53 324 user/engine.c"
find "$dir/user" -name '*.gcno' | sort | while read -r notes; do
	gcov -n -o "$(dirname "$notes")" "${notes%.gcno}.o" 2>/dev/null || :
done | awk '/^File / { gsub("\047", ""); file = $2 }
	/^Lines executed:/ && file ~ /^user\/.*\.c$/ { split($2, part, /[:%]/); print part[2], $NF, file; file = "" }' |
	sort -n >"$dir/lines"
awk '{ printf "%6.2f %% of %4d lines  %s\n", $1, $2, $3 }' "$dir/lines"
awk -v least=$least '{ lines += $2; run += $1 * $2 / 100 }
	END {
		if (!lines) { print "FAIL coverage: expected lines, saw none"; exit 1 }
		share = 100 * run / lines
		text = sprintf("%.1f %% of %d lines in %d files", share, lines, NR)
		if (share < least) { print "FAIL coverage of the pure modules: expected " least " %, saw " text; exit 1 }
		print "ok coverage of the pure modules (" text ")"
	}' "$dir/lines"
