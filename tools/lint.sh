#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The rules of the house that a program can check. Every finding is one line,
# FILE:LINE: what; the status is 1 if there was any. Runs anywhere in the tree.

set -euo pipefail

cd "$(dirname "$0")/.."
failed=0

# report: findings come on standard input
report() {
	local line

	while read -r line; do
		echo "$line" >&2
		failed=1
	done
}

# C sources but for the generated ones
sources() {
	find bpf user tests tools vmlinux -name '*.[chS]' ! -name vmlinux.h 2>/dev/null | sort
}

scripts() {
	find tools tests vmlinux \( -name .git -o -name .output \) -prune -o -type f -size -200k -print |
		sort | while read -r f; do
		case $(head -n 1 "$f" | tr -d '\0') in
		'#!'*sh | '#!'*sh' '*) echo "$f" ;;
		esac
	done
}

# without_comments FILE: its lines less comments and string literals, numbered as by grep -n
without_comments() {
	awk '{
		line = $0
		gsub(/\\./, "", line)
		gsub(/"[^"]*"/, "\"\"", line)
		if (inside) {
			if (!match(line, /\*\//)) { print NR ":"; next }
			line = substr(line, RSTART + 2); inside = 0
		}
		gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
		sub(/\/\/.*/, "", line)
		if (match(line, /\/\*/)) { line = substr(line, 1, RSTART - 1); inside = 1 }
		print NR ":" line
	}' "$1"
}

# Versions of clang-format differ in what they make of the same settings.
check_format() {
	local version

	version=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
	if [ "$version" != 14 ]; then
		echo "lint: format not checked: it is defined by clang-format 14, here is ${version:-none}" >&2
		return
	fi
	mapfile -t files < <(sources | grep '\.[ch]$')
	clang-format --dry-run -Werror "${files[@]}" 2>&1 | grep -E '^[^ ]+:[0-9]+:[0-9]+: error' |
		awk -F: '!n[$1]++ { first[$1] = $2 }
			END { for (f in n) print f ":" first[f] ": not in format (" n[f] " times): clang-format -i" }' |
		sort || :
}

check_scripts() {
	if ! command -v shellcheck >/dev/null; then
		echo "lint: shellcheck is missing: run tools/deps.sh check test"
		return
	fi
	mapfile -t files < <(scripts | xargs grep -L '^#!.*busybox')
	shellcheck -x -P SCRIPTDIR -f gcc "${files[@]}" || :
	# busybox has an ash, of which shellcheck knows the dash half
	mapfile -t files < <(scripts | xargs grep -l '^#!.*busybox')
	[ ${#files[@]} -eq 0 ] || shellcheck -s dash -f gcc "${files[@]}" || :
}

# Bodies stand between a brace in the first column and the next one; tables do not start so.
check_sizes() {
	local f n

	{ sources; scripts; } | while read -r f; do
		n=$(wc -l <"$f")
		[ "$n" -le 800 ] || echo "$f:1: $n lines, at most 800"
		awk -v f="$f" '
			/^{/ || /^[a-z_]+\(\) {$/ { start = NR }
			/^}/ && start {
				if (NR - start - 1 > 100)
					printf "%s:%d: function of %d lines, at most 100\n", f, start, NR - start - 1
				start = 0
			}' "$f"
	done
}

# The kernel side knows nothing of the user side, which knows events.h alone of it. The engine is a
# function of its input: no sockets, no clock, no files.
check_includes() {
	local f pure

	grep -nE '^#[[:space:]]*include[[:space:]]+[<"](\.\./)?user/' bpf/* |
		sed 's/$/ -- bpf\/ does not include user\//' || :
	grep -rnE '^#[[:space:]]*include[[:space:]]+"(\.\./)?bpf/' user --include='*.[ch]' |
		grep -v 'bpf/events\.h"' | sed 's/$/ -- of bpf\/ only events.h/' || :
	grep -nE '^#[[:space:]]*include[[:space:]]+<(linux|asm|sys|net|netinet)/' bpf/* |
		sed 's/$/ -- bpf\/ takes kernel types from vmlinux.h/' || :
	pure=(user/engine*.c user/timeline.c user/*mirror.c user/judge*.c user/cause*.c
		user/finding*.c user/journey.c user/role.c user/service.c user/dns_answers.c user/metrics.c user/metrics_accept.c
		user/top_model.c user/top_list.c user/top_keys.c user/top_frame.c user/top_draw.c user/top_table.c)
	for f in "${pure[@]}"; do
		[ -e "$f" ] || continue
		grep -nHE '^#[[:space:]]*include[[:space:]]+<(sys/socket\.h|time\.h|sys/time\.h|unistd\.h|bpf/|netlink/)' "$f" |
			sed 's/$/ -- the engine is pure/' || :
		without_comments "$f" | sed "s|^|$f:|" |
			grep -E '[^a-z_](FILE|[fv]*printf|f?puts|fopen|fwrite|getenv|clock_gettime|gettimeofday|time)( \*|\()' |
			sed 's/$/ -- the engine is pure/' || :
	done
}

check_functions() {
	local f

	sources | while read -r f; do
		without_comments "$f" | sed "s|^|$f:|" |
			grep -E '[^a-zA-Z0-9_](v?sprintf|strcpy|strcat|atoi|atol|gets|alloca)\(' |
			sed 's/$/ -- forbidden function/' || :
		case $f in user/util.c) continue ;; user/*) ;; *) continue ;; esac
		without_comments "$f" | sed "s|^|$f:|" |
			grep -E '[^a-zA-Z0-9_]strto(l|ll|ul|ull|d)\(' |
			sed 's/$/ -- numbers are parsed in user\/util.c/' || :
	done
}

check_leftovers() {
	grep -rnIE --exclude-dir=.git --exclude-dir=.output --exclude-dir=vmlinux --exclude=lint.sh \
		'\b(TODO|FIXME|XXX)\b' . || :
}

report < <(check_format)
report < <(check_scripts)
report < <(check_sizes)
report < <(check_includes)
report < <(check_functions)
report < <(check_leftovers)
report < <(tests/faults/known_faults.sh || :)
[ $failed -ne 0 ] || echo "lint: clean"
exit $failed
