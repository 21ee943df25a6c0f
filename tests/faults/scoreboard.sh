#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The scoreboard: what was told of each fault, how sure, how fast, and how much of it was wrong.
#
#   tests/faults/scoreboard.sh text FILE...       a table for each kernel
#   tests/faults/scoreboard.sh markdown FILE...   one table, for a README
#
# FILE has the lines that tests/faults/judge.sh writes with CALITRACE_TEST_SCORES; of a fault that
# was run more than once the last one counts.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
[ $# -ge 2 ] || { sed -n '6,7s/^# *//p' "$0" >&2 && exit 2; }
case $1 in text) markdown=false ;; markdown) markdown=true ;; *) sed -n '6,7s/^# *//p' "$0" >&2 && exit 2 ;; esac
shift
order=$(echo healthy && sed -nE 's/^fault ([^ ]+).*/\1/p' "$here/verdicts")
cat "$@" | jq -rs --arg order "$order" --argjson markdown "$markdown" -f "$here/scoreboard.jq"
