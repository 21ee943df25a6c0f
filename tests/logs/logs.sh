#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/logs and tools/systemd: rsyslog takes JSON lines apart as its example says; the other examples can be
# read, and name what is there; the units are what systemd understands. tests/logs/logs.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p "$1"
out=$(cd "$1" && pwd -P)
capture=$root/tests/golden/6.1/incident.late.k8s02.pcapng.gz
python=/usr/bin/python3
[ -x $python ] || python=python3

# What is logged: a trace of the founding incident
records() { gzip -dc "$capture" | "$calitrace" show -o json - >"$out/records.json" 2>/dev/null; }

# ---- rsyslog ----

rsyslogd() {
	local dir

	if type -P rsyslogd >/dev/null; then
		command rsyslogd "$@"
		return
	fi
	dir=$("$root/tools/debs.sh" rsyslog rsyslog libestr0 libfastjson4) || return
	LD_LIBRARY_PATH=$(find "$dir" -name 'libestr.so*' -printf %h -quit) \
		"$dir/usr/sbin/rsyslogd" -M "$(find "$dir" -name lmnet.so -printf %h -quit)" "$@"
}

lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
arrived() { [ "$(lines "$out/log/calitrace-records.json")" -ge "$1" ]; }

test_rsyslog() {
	local n

	rm -rf "$out/log" "$out/work" "$out/rsyslog.pid"
	mkdir -p "$out/log" "$out/work"
	{
		echo "global(workDirectory=\"$out/work\")"
		sed "s|/var/log/|$out/log/|" "$root/tools/logs/rsyslog.conf"
	} >"$out/rsyslog.conf"
	: >"$out/log/calitrace.json"
	rsyslogd -N1 -f "$out/rsyslog.conf" >"$out/rsyslog.check" 2>&1 ||
		{ echo "expected rsyslogd to accept it, saw $(cat "$out/rsyslog.check")" && return; }
	rsyslogd -n -i "$out/rsyslog.pid" -f "$out/rsyslog.conf" >&2 &
	pid=$!
	trap 'kill "$(cat "$out/rsyslog.pid" 2>/dev/null)" "$pid" 2>/dev/null || :' EXIT
	cat "$out/records.json" >>"$out/log/calitrace.json"
	n=$(wc -l <"$out/records.json")
	within "$patience" arrived "$n" ||
		{ echo "expected $n records, saw $(lines "$out/log/calitrace-records.json"): $(tail -n 2 "$out/rsyslog.check")" && return; }
	# the same records, whatever the order of their keys
	diff <(jq -cS . "$out/records.json") <(jq -cS . "$out/log/calitrace-records.json") >"$out/differ" ||
		echo "expected the same records, saw $(head -n 3 "$out/differ")"
	n=$(jq -r 'select(.type == "finding" or (.type == "check" and .state == "problem")) | 1' "$out/records.json" | wc -l)
	[ "$n" -gt 0 ] || echo "expected findings in the trace"
	[ "$(lines "$out/log/calitrace-problems.log")" -eq "$n" ] ||
		echo "expected $n lines of problems, saw $(lines "$out/log/calitrace-problems.log")"
	grep -q ' k8s02 open leaked cause ' "$out/log/calitrace-problems.log" ||
		echo "expected the leak, saw $(head -n 2 "$out/log/calitrace-problems.log")"
}

# ---- the others ----

test_fluent_bit() {
	local file

	for file in "$root"/tools/logs/fluent-bit*.conf; do
		grep -nvE '^(#.*|\[[A-Z]+\]|    [A-Z][A-Za-z_]* +[^ ].*|)$' "$file" | sed "s|^|expected a section or a key, saw $file:|"
	done
	file=$root/tools/logs/fluent-bit-parsers.conf
	grep -qE '^ +Parser +calitrace$' "$root/tools/logs/fluent-bit.conf" && grep -qE '^ +Name +calitrace$' "$file" ||
		echo "expected the parser that is named to be there"
}

test_vector() {
	"$python" - "$root/tools/logs/vector.yaml" <<-'END'
		import sys, yaml
		c = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
		names = set(c["sources"]) | set(c["transforms"])
		for part in ("transforms", "sinks"):
		    for name, x in c[part].items():
		        for i in x["inputs"]:
		            if i not in names:
		                print("expected an input", i, "of", name)
	END
}

test_units() {
	local unit words

	mkdir -p "$out/units"
	for unit in "$root"/tools/systemd/*.service; do
		# what it starts need not be installed here
		sed "s|/usr/local/bin/calitrace|$calitrace|" "$unit" >"$out/units/$(basename "$unit")"
		words=$(sed -n 's|^ExecStart=/usr/local/bin/calitrace ||p' "$unit")
		# shellcheck disable=SC2086 # its words
		"$calitrace" $words --help >/dev/null || echo "expected calitrace to understand '$words'"
	done
	systemd-analyze --man=no verify "$out"/units/*.service 2>&1 |
		grep -E "^(calitrace|$out)|/units/" || :
}

check 'logs: a trace as records' records
if [ -n "$(type -P rsyslogd)" ] || "$root/tools/debs.sh" rsyslog rsyslog libestr0 libfastjson4 >/dev/null; then
	check 'logs: rsyslog' test_rsyslog
else
	skip 'logs: rsyslog' 'it cannot be fetched'
fi
check 'logs: Fluent Bit' test_fluent_bit
check 'logs: Vector' test_vector
if type -P systemd-analyze >/dev/null; then
	check 'systemd: units' test_units
else
	skip 'systemd: units' 'there is no systemd-analyze'
fi
