#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# JSON lines against their schema.
#
#   tests/pkg/schema.sh DIR          of all golden captures, of comparisons, of doctor and check here;
#                                    and that the schema, the manual and the program's words agree
#   tests/pkg/schema.sh -- FILE...   of these files alone

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$root"
# A tracer that was killed has not finished its last line: schema.py leaves that out.
valid() { tests/pkg/schema.py "$@" 2>>"${log:-/dev/stderr}"; }

if [ "$1" = -- ]; then
	shift
	if /usr/bin/python3 -c 'import fastjsonschema' 2>/dev/null; then
		check "all JSON lines of the tests fit the schema" valid "$@"
	else
		skip "all JSON lines of the tests fit the schema" "no python3-fastjsonschema here"
	fi
	exit
fi

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
log=$out/log

# The keys of the schema are those of the manual page; the first four are of all records.
test_keys() {
	comm -3 <(tests/pkg/schema.py --keys | sed -nE '/^[a-z]+\.(v|type|node|ts)$/d; s/^change\.after\./change.before./; /^start\.pools$/d; s/\[\]//g; p' | sort -u) \
		<(awk '/^\.SS /{ record = $2 } /^    [a-z]/{ print record "." $1 }' tools/man/calitrace-json.5 |
			sed -E '/^all\./d; /^start\.pools$/d; /^change\.(before|after)$/d; s/\[\]//g
				s/\.(VERDICT|STATE)$//; s/\.rcode\.RCODE$/.rcode/; s/^finding\.apps\.APP$/finding.apps/; /^summary\.apps\.APP\./{ s/.*/summary.apps/ }' | sort -u) |
		sed 's/^\t/expected in the schema as in the manual: /; t; s/^/expected in the manual as in the schema: /'
}

words_of() { sed -nE "/^static const char \*const $1\[/,/^};/s/.*= \"([a-z-]+)\",.*/\1/p" user/model.c | grep -v '^none$' | sort; }
test_words() {
	diff <(words_of verdict_names) <(jq -r '."$defs".verdict.enum[]' tools/schema/*.json | sort)
	diff <(words_of cause_names) <(jq -r '."$defs".cause.enum[]' tools/schema/*.json | sort)
}

golden() {
	local capture

	for capture in tests/golden/*/*.pcapng.gz; do
		gzip -dc "$capture" >"$out/golden.pcapng"
		"$calitrace" show --all -o json "$out/golden.pcapng" 2>/dev/null
	done >"$out/golden.json"
	[ "$(wc -l <"$out/golden.json")" -gt 1000 ] || echo "expected records, saw $(wc -l <"$out/golden.json")"
	valid "$out/golden.json"
}

others() {
	local said=$out/others.json

	gzip -dc tests/pkg/before.pcapng.gz >"$out/before.pcapng"
	gzip -dc tests/pkg/after.pcapng.gz >"$out/after.pcapng"
	{
		"$calitrace" diff -v -o json "$out/before.pcapng" "$out/after.pcapng" || :
		"$calitrace" diff -v -o json "$out/after.pcapng" "$out/before.pcapng" || :
		"$calitrace" show --timeline -o json "$out/before.pcapng"
		"$calitrace" doctor -o json || :
		unshare -n "$calitrace" check --pool 10.253.0.0/16=ipip -o json || :
	} >"$said" 2>>"$log"
	for type in diff change event check; do
		grep -q "\"type\":\"$type\"" "$said" || echo "expected a $type, saw none"
	done
	valid "$said"
}

bent_lines() { tests/pkg/schema.py --bent "$out/golden.json" "$out/others.json" 2>>"$log"; }

if ! /usr/bin/python3 -c 'import fastjsonschema' 2>/dev/null; then
	skip "schema of JSON lines" "no python3-fastjsonschema here"
	exit
fi
check "schema and manual have the same keys" test_keys
check "schema and program have the same words" test_words
check "golden captures as JSON lines fit the schema" golden
check "diff, check, doctor, timelines fit the schema" others
check "lines that are bent do not fit the schema" bent_lines
