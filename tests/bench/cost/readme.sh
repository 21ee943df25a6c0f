#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Write what tests/bench/overhead measured into README.md: tests/bench/cost/readme.sh RESULTS

set -euo pipefail

results=$1
cd "$(dirname "$0")/../../.."
first='<!-- cost: written by tests/bench/overhead --table -->' last='<!-- end of the cost -->'
shopt -s nullglob
files=("$results"/*.json)
[ ${#files[@]} -gt 0 ] || { echo "overhead: no results in $results: run make bench" >&2 && exit 1; }
grep -qxF -- "$first" README.md || { echo "overhead: README.md has no line $first" >&2 && exit 1; }
table=$(jq -rs -L tests/bench/cost -f tests/bench/cost/readme.jq "${files[@]}")
awk -v first="$first" -v last="$last" -v table="${table//\\/\\\\}" '
	$0 == first { print; print ""; print table; print ""; inside = 1 }
	$0 == last { inside = 0 }
	!inside && $0 != first { print }' README.md >.output/README.new
cat .output/README.new >README.md
rm .output/README.new
