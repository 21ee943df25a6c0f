#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/man/make.sh PAGE: the manual page on standard output. What the program says itself with
# "calitrace help COMMAND" is not written twice: it is taken from user/help*.c where PAGE says
#
#   @SYNOPSIS live@      the help's first line
#   @ABOUT live@         its text before the options
#   @OPTIONS live@       the options
#   @NOTES live@         its text behind the options
#   @CAUSES NAME...@     these causes, each with its sentence in user/report_words.c
#   @INCLUDE FILE@       tools/man/FILE
#   @EXAMPLE NAME@       tools/man/examples/NAME: a command and what it printed; lines that begin with
#                        "# " are for the test, see tests/pkg/man.sh
#   @VERSION@
#

set -euo pipefail

cd "$(dirname "$0")/../.."
page=$(cat "$1")

# help COMMAND: the text of help_COMMAND[], as a C compiler would have it
help() {
	awk -v name="help_$1" '
		!inside && index($0, "const char " name "[] =") { inside = 1; next }
		inside && /^\t"/ {
			line = $0
			last = line ~ /";$/
			sub(/^\t"/, "", line)
			sub(/";?$/, "", line)
			sub(/\\n$/, "", line)
			gsub(/\\"/, "\"", line)
			gsub(/\\\\/, "\\", line)
			print line
			if (last) exit
		}' user/help*.c
}

# Text to man(7); each paragraph one, lines that begin with blanks as they are.
roff='
	function esc(s) {
		gsub(/\\/, "\\e", s)
		gsub(/-/, "\\-", s)
		gsub(/\047/, "\\(aq", s)
		gsub(/\^/, "\\(ha", s)
		gsub(/~/, "\\(ti", s)
		gsub(/…/, "\\[u2026]", s)
		if (s ~ /^[.]/) s = "\\\&" s
		return s
	}
	# -d, --duration 30s: options bold, what stands for a value in italics
	function term(s,    n, i, w, out, word, tail) {
		n = split(s, w, " ")
		for (i = 1; i <= n; i++) {
			word = w[i]
			tail = ""
			if (word ~ /,$/) { tail = ","; sub(/,$/, "", word) }
			word = (word ~ /^-/ ? "\\fB" : "\\fI") esc(word) "\\fR" tail
			out = out (i > 1 ? " " : "") word
		}
		return out
	}'

# part NAME COMMAND
part() {
	local text

	text=$(help "$2")
	[ -n "$text" ] || { echo "make.sh: no text help_$2 in user/help*.c" >&2 && exit 1; }
	awk -v part="$1" "$roff"'
		function flush() { if (open_nf) print ".fi"; open_nf = 0 }
		NR == 1 {
			if (part == "SYNOPSIS") {
				n = split($0, w, " ")
				for (i = 1; i <= n; i++)
					out = out (i > 1 ? " " : "") (i <= 2 || w[i] ~ /^-.$/ ? "\\fB" esc(w[i]) "\\fR" : esc(w[i]))
				print out
				exit
			}
			next
		}
		# an option: "  -q, --quiet", "      --all", "  -- PROGRAM"
		/^  (-|    --)/ {
			state = "option"
			seen = 1
			gap = 0
			if (part == "OPTIONS") {
				head = substr($0, 1, 25)
				text = substr($0, 26)
				# long ones have a line of their own
				if (length($0) > 25 && substr($0, 25, 1) != " ") { head = $0; text = "" }
				sub(/^ +/, "", head)
				sub(/ +$/, "", head)
				print ".TP"
				print term(head)
				if (text != "") print esc(text)
			}
			next
		}
		/^                         / && state == "option" {
			if (part == "OPTIONS") { sub(/^ +/, ""); print esc($0) }
			next
		}
		/^$/ { gap = 1; next }
		{
			if (state == "option" && /^  [A-Z]/) next
			state = "text"
			if ((part == "ABOUT" && !seen) || (part == "NOTES" && seen)) {
				if (/^  /) {
					if (!open_nf) { print ".PP"; print ".nf"; open_nf = 1 }
				} else {
					flush()
					if (gap && printed) print ".PP"
				}
				print esc($0)
				printed = 1
			}
			gap = 0
		}
		END { flush() }' <<<"$text"
}

# An example is what somebody typed, behind "$ ", and what came of it.
example() {
	local file=tools/man/examples/$1

	[ -r "$file" ] || { echo "make.sh: no $file" >&2 && exit 1; }
	echo .PP
	echo .nf
	grep -v '^# ' "$file" | awk "$roff"'
		/^\$ / { print "\\fB" esc($0) "\\fR"; next }
		{ s = esc($0); print s == "" ? "\\&" : s }'
	echo .fi
}

# causes NAME...
causes() {
	local name sentence

	for name; do
		sentence=$(awk -v c="$name" '
			BEGIN { c = toupper(c); gsub(/-/, "_", c) }
			index($0, "[C_" c "] =") { found = 1 }
			found && match($0, /"[^"]+"/) { print substr($0, RSTART + 1, RLENGTH - 2); exit }' user/report_words.c)
		[ -n "$sentence" ] || { echo "make.sh: no sentence for the cause $name in user/report_words.c" >&2 && exit 1; }
		awk "$roff"' { print ".TP"; print ".B " esc($1); $1 = ""; sub(/^ /, ""); print esc($0) }' <<<"$name $sentence"
	done
}

expand() {
	local line words

	while IFS= read -r line; do
		case $line in
		@SYNOPSIS\ *@ | @ABOUT\ *@ | @OPTIONS\ *@ | @NOTES\ *@)
			line=${line//@/}
			part "${line%% *}" "${line#* }"
			;;
		@CAUSES\ *@)
			line=${line//@/}
			read -ra words <<<"${line#* }"
			causes "${words[@]}"
			;;
		@INCLUDE\ *@)
			line=${line//@/}
			expand <"tools/man/${line#* }"
			;;
		@EXAMPLE\ *@)
			line=${line//@/}
			example "${line#* }"
			;;
		*@VERSION@*) echo "${line//@VERSION@/$(cat VERSION)}" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

expand <<<"$page"
