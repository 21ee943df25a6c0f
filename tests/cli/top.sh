#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# live --top as a user sees it: in a terminal of tmux, while the founding incident goes on.
# tests/cli/top.sh DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
patience=120
server=0

# Whatever the user's settings are. Each start has a server of its own: one that was told to end may
# not have let go of its socket yet.
mux() { tmux -L "top$$-$server" -f /dev/null "$@"; }

# pane: what stands on the screen
pane() { mux capture-pane -p -t top; }
# A sentence may go on in the next line.
pane_has() {
	pane >"$out/pane" 2>/dev/null || return 1
	grep -qF -- "$1" "$out/pane" || tr -s '\n ' ' ' <"$out/pane" | grep -qF -- "$1"
}

# sees NAME TEXT: the screen has it before long
sees() {
	if within "$patience" pane_has "$2"; then
		ok "$1"
	else
		fail "$1" "expected '$2' on the screen, saw $(grep -v '^ *$' "$out/pane" | head -n 12)"
	fi
}

not_on_screen() { ! pane_has "$1"; }

# loses NAME TEXT: the screen has it no more
loses() {
	if within "$patience" not_on_screen "$2"; then
		ok "$1"
	else
		fail "$1" "expected no '$2' on the screen, saw it: $(grep -F -- "$2" "$out/pane")"
	fi
}

keys() { mux send-keys -t top "$@"; }

# A shell that says what the terminal's settings are before and after, and the exit status
shell=$out/shell
cat >"$shell" <<-'END'
	#!/bin/bash
	stty -g >"$1/stty.before"
	status=0
	"${@:2}" || status=$?
	stty -g >"$1/stty.after"
	echo "STATUS $status"
	exec cat
END
chmod +x "$shell"

# start [VARIABLE=VALUE...] -- OPTION...: in a terminal of 80 columns and 24 lines
start() {
	local env=()

	while [ "$1" != -- ]; do env+=("$1") && shift; done
	shift
	rm -f "$out"/stty.*
	((++server))
	mux new-session -d -s top -x 80 -y 24 env LC_ALL=C.UTF-8 "${env[@]}" "$shell" "$out" \
		"$calitrace" live --top --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" "$@"
	mux set-option -t top remain-on-exit on >/dev/null
}

# ended NAME STATUS: the program has ended, and the terminal is as it was
ended() {
	sees "$1" "STATUS $2"
	if cmp -s "$out/stty.before" "$out/stty.after"; then
		ok "$1: the terminal's settings are as they were"
	else
		fail "$1: the terminal's settings are as they were" \
			"expected $(cat "$out/stty.before"), saw $(cat "$out/stty.after")"
	fi
}

stop() { mux kill-server 2>/dev/null || :; }

# fits COLUMNS LINES: so many lines, none wider
fits() {
	local line lines=0 LC_ALL=C.UTF-8

	pane >"$out/pane"
	while IFS= read -r line; do
		((++lines))
		((${#line} <= $1)) || echo "${#line} columns and not $1: $line"
	done <"$out/pane"
	((lines == $2)) || echo "$lines lines and not $2"
}

# refused NAME WORD COMMAND...: exit status 2 and one line
refused() {
	local name=$1 word=$2 status=0 said

	shift 2
	said=$("$@" 2>&1 </dev/null) || status=$?
	if [ $status -ne 2 ] || [[ $said != *"$word"* ]] || [[ $said == *$'\n'* ]]; then
		fail "$name" "expected status 2 and a line with '$word', saw $status: $said"
	else
		ok "$name"
	fi
}

refused "top: without a terminal" "needs a terminal" "$calitrace" live --top
refused "top: with -o json" "exclude each other" "$calitrace" live --top -o json
refused "top: with a program" "share the terminal" "$calitrace" live --top -- true

lab_up "${CALITRACE_TEST_PREFIX:-t}p-"
trap 'stop; tracers_kill; lab down >&2 || :' EXIT
lab fault incident >&2
# Traffic for as long as this takes
lab traffic --seconds 600 --interval 0.5 ping dns >/dev/null 2>&1 &
traffic=$!

# ---- the incident at 80x24 ----

start --
sees "top: the state on the first lines" "PROBLEM"
sees "top: a failed check" "problem  routes"
sees "top: the finding's sentence" "No BGP session of this node is established"
sees "top: the finding's cause" "cause node-address-mismatch"
sees "top: a line of the table" "leaked"
sees "top: losses" "0 lost, 0 withheld"
check "top: 80 columns, 24 lines" fits 80 24
cp "$out/pane" "$out/pane.80x24"
keys Enter
sees "top: a finding is opened" "FINDING 1"
sees "top: what to do" "do         "
sees "top: why" "bgp-down"
keys Escape
sees "top: back" "LAST 60 S"
keys /
keys -l unanswered-by-nobody
sees "top: a filter as it is typed" "filter: unanswered-by-nobody_"
sees "top: nothing passes it" "nothing that the filter lets through"
keys Escape
loses "top: the filter is dropped" "nothing that the filter"
keys s
sees "top: sorted by block" "by block"
keys Space
sees "top: frozen" "FROZEN at"
keys Space
loses "top: goes on" "FROZEN at"
keys c
sees "top: all checks" "CHECKS"
keys q h
sees "top: help" "HELP"
keys q

# ---- larger, smaller ----

mux resize-window -t top -x 200 -y 50
sees "top: more columns at 200x50" "LATEST"
check "top: 200 columns, 50 lines" fits 200 50
cp "$out/pane" "$out/pane.200x50"
mux resize-window -t top -x 80 -y 24
loses "top: smaller again" "LATEST"
check "top: 80 columns again" fits 80 24
keys q
ended "top: q" 0
sees "top: the closing line" "events lost"
sees "top: the summary" "PROBLEM: "
stop

# ---- other terminals, and the end by a signal ----

for term in linux vt100 screen xterm; do
	start TERM=$term LC_ALL=C -- -d 120s
	sees "top: TERM=$term in ASCII" "FINDINGS"
	if LC_ALL=C grep -q '[^ -~]' "$out/pane"; then
		fail "top: nothing but ASCII on $term" "expected ASCII, saw $(LC_ALL=C grep '[^ -~]' "$out/pane" | head -n 1)"
	else
		ok "top: nothing but ASCII on $term"
	fi
	pid=$(pgrep -P "$(mux display-message -p -t top '#{pane_pid}')" | head -n 1)
	kill "-$([ $term = vt100 ] && echo INT || echo TERM)" "$pid"
	ended "top: a signal on $term" 0
	stop
done

# A terminal that terminfo does not know, and no colours
start TERM=xterm-nobody-knows NO_COLOR=1 -- -d 120s --exit-code
sees "top: a terminal without an entry in terminfo" "FINDINGS"
mux capture-pane -e -p -t top >"$out/pane.plain"
if grep -q $'\033\\[[0-9;]*3[0-7]m' "$out/pane.plain"; then
	fail "top: NO_COLOR" "expected no colours, saw $(grep -m 1 $'\033\\[[0-9;]*3[0-7]m' "$out/pane.plain" | cat -v)"
else
	ok "top: NO_COLOR"
fi
keys C-c
ended "top: Ctrl-C, --exit-code" 1
stop
kill $traffic 2>/dev/null || :
