#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What show, diff and report say on a terminal (of tmux) besides their output: a line of progress on long
# files, colours; and that NO_COLOR, TERM=dumb, -q leave them out. live --top is in top.sh.
# tests/cli/terminal.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
rm -rf "${out:?}/files"
mkdir -p "$out/files"
out=$(cd "$out" && pwd -P)
server=none terminal=0
escape=$'\033'

# Each terminal has a server of its own: one that was told to end may not have let go of its socket yet.
mux() { tmux -L "$server" -f /dev/null "$@"; }
stop() { mux kill-server 2>/dev/null || :; }
# looks NAME COMMAND...: check, whose terminals end with it
with_terminals() { trap stop EXIT && "$@"; }
looks() { check "$1" with_terminals "${@:2}"; }

# A command in the terminal, which leaves its status behind; begun only once all that it writes is recorded
shell=$out/shell
cat >"$shell" <<-'END'
	#!/bin/bash
	while [ ! -e "$1/go" ]; do sleep 0.05; done
	status=0
	"${@:2}" || status=$?
	echo $status >"$1/status"
	exec cat
END
chmod +x "$shell"

# start COLUMNS [VARIABLE=VALUE...] -- COMMAND...: all octets that it writes go to $out/octets
start() {
	local cols=$1 env=()

	shift
	while [ "$1" != -- ]; do env+=("$1") && shift; done
	shift
	stop
	((++terminal))
	server=ct$BASHPID-$terminal
	rm -f "$out/go" "$out/status" "$out/octets"
	mux new-session -d -s t -x "$cols" -y 24 env LC_ALL=C.UTF-8 TERM=screen "${env[@]}" "$shell" "$out" "$@"
	pane=$(mux display-message -p -t t '#{pane_pid}')
	mux pipe-pane -t t "exec cat >>'$out/octets'"
	within $patience test -e "$out/octets"
	touch "$out/go"
}

# Has the terminal's own program, the shell's child, read a part of its files? It is fast: no other program here.
has_read() {
	local word count

	# it does not end with a newline
	read -r pid <"/proc/$pane/task/$pane/children" 2>/dev/null || [ -n "$pid" ] || return 1
	read -r word count <"/proc/$pid/io" 2>/dev/null && [ "$word" = rchar: ] && ((count > 300000))
}

# linger: the program is held for longer than a second in the middle of its files, whatever this machine can do
linger() {
	within $patience has_read || { echo "expected it to read for a while, saw $(cat "$out/status" 2>/dev/null)" && return; }
	kill -STOP "$pid"
	sleep 1.5
	kill -CONT "$pid"
}

# finished STATUS: it ended with that; the rest of what it wrote is there
finished() {
	within $((4 * patience)) test -s "$out/status" || { echo "expected it to end" && return; }
	[ "$(cat "$out/status")" = "$1" ] || echo "expected exit status $1, saw $(cat "$out/status")"
	sync_octets
}
# What came before this came, too.
sync_octets() {
	mux send-keys -t t -l "end-of-$terminal"
	within $patience grep -q "end-of-$terminal" "$out/octets" || echo "expected the terminal to show what is typed"
}

# The lines of progress, as they were written
lines_of_progress() { tr '\r' '\n' <"$out/octets" | grep -E " +[0-9]+ %( of [0-9.]+ [kMG]B, [0-9]+ s left)?${escape}\[K\$" || :; }

# drawn COLUMNS: lines of progress that fit, and none of it is left on the screen
drawn() {
	local line LC_ALL=C.UTF-8

	lines_of_progress >"$out/progress"
	[ -s "$out/progress" ] || echo "expected a line of progress, saw none"
	while IFS= read -r line; do
		line=${line%%"$escape"*}
		((${#line} < $1)) || echo "expected less than $1 columns, saw ${#line}: $line"
	done <"$out/progress"
	grep -q ' of [0-9.]* [kMG]B, [0-9]* s left' "$out/progress" || [ "$1" -lt 60 ] || echo "expected what is left, saw $(head -n 1 "$out/progress")"
	! mux capture-pane -p -t t | grep -qE '[0-9] %( of|$)' || echo "expected it to be wiped, saw $(mux capture-pane -p -t t | grep -E '[0-9] %')"
}

not_drawn() { [ -z "$(lines_of_progress)" ] || echo "expected no line of progress, saw $(lines_of_progress | head -n 1 | cat -v)"; }
plain() { ! grep -q "$escape" "$out/octets" || echo "expected no escape sequence, saw $(grep -m 1 "$escape" "$out/octets" | cat -v)"; }
coloured() { grep -q "$escape\[[0-9;]*m" "$out/octets" || echo "expected colours, saw none"; }

# test_progress COLUMNS STATUS COMMAND...: with bars as UTF-8 has them
test_progress() {
	start "$1" -- "${@:3}"
	linger
	finished "$2"
	drawn "$1"
	grep -qE '[█░]' "$out/progress" || echo "expected a bar, saw $(head -n 1 "$out/progress")"
}

test_ascii() {
	start 80 LC_ALL=C -- "$calitrace" show --summary "$big"
	linger
	finished 0
	drawn 80
	grep -qE '^big.pcapng #*\.+ ' "$out/progress" || echo "expected a bar in ASCII, saw $(head -n 1 "$out/progress")"
	! LC_ALL=C grep -q '[^ -~[:cntrl:]]' "$out/progress" || echo "expected ASCII alone"
}

# test_none VARIABLE COMMAND...: nothing is drawn
test_none() {
	start 80 "$1" -- "${@:2}"
	linger
	finished 0
	not_drawn
}

# For a screen reader: lines of text and no more
test_dumb() {
	start 80 TERM=dumb -- "$calitrace" show "$small"
	finished 0
	plain
	grep -q '^FINDING' "$out/octets" || echo "expected a finding, saw $(head -n 3 "$out/octets")"
	start 80 TERM=dumb -- "$calitrace" show --summary "$big"
	linger
	finished 0
	not_drawn
	plain
}

test_no_color() {
	start 80 -- "$calitrace" show "$small"
	finished 0
	coloured
	start 80 NO_COLOR=1 -- "$calitrace" show "$small"
	finished 0
	plain
}

# Sentences and lists are wrapped where the terminal ends; lines of packets and heads of findings are not cut there.
test_width() {
	local cols line widest LC_ALL=C.UTF-8

	for cols in 60 80 132 200; do
		start $cols NO_COLOR=1 -- "$calitrace" show "$small"
		finished 0
		widest=0
		while IFS= read -r line; do
			line=${line%$'\r'}
			((widest = ${#line} > widest ? ${#line} : widest))
			# links of a chain are a table
			[[ $line == '            '* || $line == 'problem '* || $line == 'interfaces:'* ]] || continue
			[[ ! $line =~ \ (certain|likely|unclear)(\ |$) ]] || continue
			((${#line} < cols)) || { echo "expected less than $cols columns, saw ${#line}: $line" && break; }
		done <"$out/octets"
		((cols < 132 ? widest > cols : widest < cols)) || echo "expected whole lines at $cols columns, saw $widest"
	done
}

command -v tmux >/dev/null || { skip 'terminal' 'no tmux here' && exit; }
gen=$(find "$root/.output" -path '*/tests/bench/gen' -type f -perm -u+x | grep -v -e '-san/' | head -n 1)
[ -n "$gen" ] || { fail 'terminal' 'expected tests/bench/gen, run make bench-progs' && exit; }
big=$out/files/big.pcapng small=$out/files/small.pcapng
"$gen" "$big" 400000
gzip -dc "$root/tests/pkg/before.pcapng.gz" >"$small"

looks 'terminal: show draws its progress' test_progress 80 0 "$calitrace" show --summary "$big"
looks 'terminal: progress on 40 columns' test_progress 40 0 "$calitrace" show --summary "$big"
looks 'terminal: diff draws its progress' test_progress 100 1 "$calitrace" diff "$big" "$big"
looks 'terminal: report draws its progress' test_progress 200 0 "$calitrace" report "$big" -w "$out/files/r.html"
looks 'terminal: progress in ASCII' test_ascii
looks 'terminal: -q draws none' test_none A=B "$calitrace" show -q --summary "$big"
looks 'terminal: none into a file' test_none A=B sh -c "exec $(printf %q "$calitrace") show --summary $(printf %q "$big") 2>$(printf %q "$out/stderr")"
looks 'terminal: TERM=dumb is plain' test_dumb
looks 'terminal: colours, and NO_COLOR' test_no_color
looks 'terminal: as wide as it is' test_width
