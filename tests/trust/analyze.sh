#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cppcheck over the user side, and valgrind over the unit tests and over what is done without root:
# show, diff and report of a capture. (clang --analyze is done file by file: make analyze.)
# tests/trust/analyze.sh DIR, of the programs

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

programs=$1
cd "$root"
out=.output/analyze
mkdir -p $out

# What it takes for a fault and is none stands in cppcheck.suppress.
cppchecked() {
	# macros of libraries, whose headers it does not read
	cppcheck -q -j2 --enable=warning,performance,portability --std=c11 -I. -Iuser \
		-D__x86_64__ -D'LIBBPF_OPTS(type, name, ...)=struct type name = { __VA_ARGS__ }' \
		-D'nla_for_each_nested(pos, nla, rem)=for (pos = nla; rem;)' \
		--suppressions-list=tests/trust/cppcheck.suppress \
		--template='{file}:{line}: {id}: {message}' user >$out/cppcheck.said 2>&1 || :
	[ ! -s $out/cppcheck.said ] || echo "expected nothing to be said, saw $(wc -l <$out/cppcheck.said) lines: $(head -n 2 $out/cppcheck.said)"
}

# grind NAME COMMAND...: its own exit status does not matter, valgrind's is 99
grind() {
	local name=$1 status=0

	shift
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		--child-silent-after-fork=yes "$@" >$out/"$name".out 2>$out/"$name".valgrind </dev/null || status=$?
	[ $status -ne 99 ] || echo "$name: expected no error, saw $(grep -m 1 '^==[0-9]*== [A-Z0-9]' $out/"$name".valgrind)"
}

# test_golden replays hundreds of captures, and takes an hour so; test_sandbox tries what is forbidden.
unit() {
	local program name cnt=0

	for program in "$programs"/tests/unit/test_*; do
		[ -x "$program" ] || continue
		name=${program##*/}
		case $name in test_golden | test_sandbox) continue ;; esac
		grind "$name" "$program"
		cnt=$((cnt + 1))
	done
	echo "$cnt programs" >$out/unit.measured
}

offline() {
	local file

	file=$(find tests/golden -name 'incident.before.k8s02.pcapng.gz' | sort | head -n 1)
	gzip -dc "$file" >$out/incident.pcapng
	grind show "$calitrace" show $out/incident.pcapng
	grind show-json "$calitrace" show --all -o json $out/incident.pcapng
	grind diff "$calitrace" diff $out/incident.pcapng $out/incident.pcapng
	grind report "$calitrace" report $out/incident.pcapng -w $out/incident.html --force
	[ -s $out/show.out ] || echo "expected show to print, saw $(tail -n 1 $out/show.valgrind)"
	echo "show, show -o json, diff, report of ${file#tests/}" >$out/offline.measured
}

check "cppcheck" cppchecked
figured "valgrind: no error, nothing leaks: show, diff, report" offline offline
[ -n "${CALITRACE_TEST_SHORT:-}" ] || figured "valgrind: no error, nothing leaks: unit tests" unit unit
