#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion as somebody types it: what make install installs is found by each shell in a terminal of tmux, and
# Tab gives interfaces, pods, files and verdicts. tests/pkg/typed.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
rm -rf "${out:?}/root" "${out:?}/files"
mkdir -p "$out/files" "$out/root" "$out/home"
out=$(cd "$out" && pwd -P)
cd "$root"
server=none
share=$out/root/usr/share

mux() { tmux -L "$server" -f /dev/null "$@"; }
stop() { mux kill-server 2>/dev/null || :; }

# A shell as one has it that starts for the first time, with what was installed below $share
begin() {
	local options

	server=ty$BASHPID
	trap stop EXIT
	case $1 in
	bash) options=(--norc --noprofile -i) ;;
	zsh) options=(-f -i) ;;
	fish) options=(--no-config -i) ;;
	esac
	mux new-session -d -s t -x 100 -y 40 -c "$out/files" env -u BASH_COMPLETION_USER_DIR HOME="$out/home" \
		INPUTRC=/dev/null TERM=screen LC_ALL=C.UTF-8 PATH="$out/root/usr/bin:$PATH" XDG_DATA_DIRS="$share" \
		XDG_CONFIG_HOME="$out/home" "$1" "${options[@]}"
	case $1 in
	bash) run 'PS1="rea""dy> "; bind "set bell-style none"; bind "set page-completions off"; . /usr/share/bash-completion/bash_completion' ;;
	zsh) run "PS1='rea''dy> '; unsetopt beep; fpath=($share/zsh/vendor-completions \$fpath); autoload -Uz compinit; compinit -u -D" ;;
	fish) run "function fish_prompt; echo -n 'rea''dy> '; end; set -g fish_autosuggestion_enabled 0; set -p fish_complete_path $share/fish/vendor_completions.d" ;;
	esac
	within $patience on_screen '^ready> *$' || echo "expected a $1, saw $(screen)"
	run clear
}

# -J joins what the terminal wrapped
screen() { mux capture-pane -p -J -t t | sed 's/ *$//' | grep -v '^$' || :; }
on_screen() { screen >"$out/screen" && grep -qE -- "$1" "$out/screen"; }
type_text() { mux send-keys -t t -l -- "$1"; }
run() { type_text "$1" && mux send-keys -t t Enter; }

# A new line, and nothing above it
fresh() {
	mux send-keys -t t C-c
	sleep 0.2
	run clear
	within $patience only_prompt || echo "expected an empty line, saw $(screen)"
}
only_prompt() { [ "$(screen)" = 'ready>' ]; }

# pressed LINE REGEX: Tab at its end, and the screen has it before long
pressed() {
	fresh
	type_text "$1"
	mux send-keys -t t Tab
	within $patience on_screen "$2" || echo "expected Tab to complete '$1' to '$2', saw $(screen)"
}

# listed LINE WORD...: what two Tabs list
listed() {
	local word

	fresh
	type_text "$1"
	mux send-keys -t t Tab
	sleep 0.3
	mux send-keys -t t Tab
	for word in "${@:2}"; do
		within $patience on_screen "(^| )$word(/|,| |\$)" || { echo "expected '$word' of '$1', saw $(screen | head -n 12)" && return; }
	done
}

test_typed() {
	begin "$1"
	pressed 'calitrace che' '^ready> calitrace check'
	listed 'calitrace ' live capture show diff check report metrics doctor
	pressed 'calitrace live --reply-t' 'calitrace live --reply-timeout'
	pressed 'calitrace live -i l' 'calitrace live -i lo'
	listed "calitrace live --host-root $out/node --pod " default/web-0 kube-system/coredns-5d78
	pressed "calitrace live --host-root $out/node --pod kube" '--pod kube-system/coredns-5d78'
	pressed 'calitrace show bef' 'calitrace show before\.pcapng'
	listed 'calitrace diff ' before.pcapng after.pcapng
	pressed 'calitrace show --verdict leak' '--verdict leaked'
	pressed 'calitrace show --verdict leaked,rp' '--verdict leaked,rp-filter'
	listed 'calitrace show --verdict ' delivered leaked no-route filtered unanswered
	pressed 'calitrace show -o js' '-o json'
}

command -v tmux >/dev/null || { skip 'completion, typed' 'no tmux here' && exit; }
make -s install DESTDIR="$out/root" PREFIX=/usr >&2
for file in before after; do gzip -dc tests/pkg/$file.pcapng.gz >"$out/files/$file.pcapng"; done
touch "$out/files/notes.txt"
# A node's files: two pods, as CNI writes them
mkdir -p "$out/node/var/lib/cni/results"
for pod in default/web-0 kube-system/coredns-5d78; do
	printf '{"cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","%s"],["K8S_POD_NAME","%s"]]}' "${pod%/*}" "${pod#*/}" \
		>"$out/node/var/lib/cni/results/cbr0-${pod#*/}-eth0"
done
for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null; then
		skip "completion typed in $shell" "no $shell here"
	elif [ $shell = bash ] && [ ! -e /usr/share/bash-completion/bash_completion ]; then
		skip "completion typed in $shell" "no bash-completion here"
	else
		check "completion typed in $shell" test_typed $shell
	fi
done
