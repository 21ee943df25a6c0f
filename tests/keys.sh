#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools/man/calitrace-json.5 does not describe of JSON lines: `tests/keys.sh FILE...` prints each
# record.key of these lines that it lacks, `tests/keys.sh -` each key in the sources that it lacks.

set -euo pipefail

cd "$(dirname "$0")/.."

# record.key; keys of before stand for those of after, too
documented() {
	awk '/^\.SS /{ record = $2 } /^    [a-z]/{ print record "." $1 }' tools/man/calitrace-json.5 |
		sed 's/\[\]//g; p; s/^change\.before/change.after/'
}

# shellcheck disable=SC2016 # jq's
printed() {
	jq -r '.type as $t | paths(type != "object" and type != "array" or . == {} or . == []) |
		map(select(type == "string")) |
		if .[0] == "verdicts" and .[1] then .[1] = "VERDICT"
		elif .[0] == "apps" and .[1] then .[1] = "APP" | if .[2] == "rcode" and .[3] then .[3] = "RCODE" else . end
		elif .[1] == "lost" and .[2] then .[2] = "VERDICT"
		elif .[0] == "changes" and .[1] then .[1] = "STATE" else . end |
		"\($t).\(join("."))"' "$@" | sort -u
}

# Keys of the renderers, as far as they stand there as a string of their own
in_sources() {
	local files=(user/render_json.c user/render_diff_json.c user/show_timeline_print.c)

	{
		sed -nE 's/.*put_[a-z_]+\((r, )?(o|obj|lost), "([a-z0-9_]+)".*/\3/p; s/.*put\(r, (o|obj), "([a-z0-9_]+)".*/\2/p' "${files[@]}"
		sed -nE 's/.*json_object_set(_new)?\(o, "([a-z0-9_]+)".*/\2/p' "${files[@]}"
	} | sort -u
}

if [ "$1" = - ]; then
	comm -23 <(in_sources) <(documented | sed 's/^[^.]*\.//' | tr . '\n' | sort -u)
	exit
fi
# an object that is empty has none of its keys
printed "$@" | awk -v doc=<(documented) '
	BEGIN {
		while ((getline line <doc) > 0)
			for (known[line]; sub(/\.[^.]*$/, "", line); known[line])
				;
	}
	{ all = $0; sub(/^[^.]*/, "all", all) }
	!($0 in known) && !(all in known)'
