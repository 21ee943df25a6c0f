#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The manual, the help and the completions: that they agree with each other and with the program, and
# that what they show is what happens. tests/pkg/man.sh DIR [lab]
#
# Examples are in tools/man/examples: "# exit N" is the status that they have to have. Those of files
# are run on before.pcapng and after.pcapng beside this test and have to print what stands there, to
# the letter; those with "# lab FAULT" are run on a node of a lab with that fault (with the argument
# lab alone), and of what they print the lines that "# lines REGEX" selects have to be there, numbers
# aside. Those with "# by TEST" are looked at by that test.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
cd "$root"
examples=tools/man/examples
# those of this version
works=$("$calitrace" help | sed -nE '/^Commands:/,/^$/{ /not yet/d; s/^  ([a-z]+) .*/\1/p }')

# words_of verdict|cause: those of the program
words_of() { sed -nE "/^static const char \*const $1_names\[/,/^};/s/.*= \"([a-z-]+)\",.*/\1/p" user/model.c | grep -v '^none$'; }

# ---- the help ----

# a screen of 24 lines of 80 columns
test_fits() {
	"$calitrace" "$@" --help >"$out/help"
	awk '{ if (length($0) > 80) print "expected at most 80 columns, saw: " $0 }
		END { if (NR > 24) print "expected at most 24 lines, saw " NR; if (NR < 8) print "expected a help, saw " NR " lines" }' "$out/help"
}

# The options of a command by the program's own table: "-d --duration" a line
table_options() {
	awk -v cmd="$1" 'BEGIN {
			split("live L capture C show S diff D report R check K metrics M doctor O", w, " ")
			for (i = 1; i in w; i += 2) letter[w[i]] = w[i + 1]
		}
		/^static const struct option_def options/ { on = 1; next }
		on && /^};/ { exit }
		on {
			line = $0
			gsub(/[{}\t ]/, "", line)
			n = split(line, f, ",")
			cmds = f[4]
			if (f[5] ~ /^NULL/) next
			if (cmds != "ALL_CMDS" && cmds !~ "(^|[| ])" letter[cmd] "([| ]|$)") next
			gsub(/"/, "", f[1])
			out = ""
			if (f[2] != "0") out = "-" substr(f[2], 2, 1)
			if (f[1] != "NULL") out = out (out ? "\n" : "") "--" f[1]
			print out
		}' user/opts.c | sort -u
}

# Of an excerpt of help: the words that are options
words() { grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,' | sort -u; }

# Each option stands in all three; the short help may leave out a short form
test_options() {
	local table long short page

	table=$(table_options "$1")
	long=$("$calitrace" help "$1" | sed -nE '/^  (-|    --)/{ /^ {2,6}-[^ ]+( [^ ]+)*, --/{ s/^(.{25}).*/\1/ }; s/^(.{46}).*/\1/; p }' | words)
	short=$("$calitrace" "$1" --help | sed -nE '/^  +-/p' | words)
	page=$(sed -nE '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$out/man/calitrace-$1.1" | sed 's/\\-/-/g; s/\\f[BIR]//g' |
		sed -nE '/^\.TP/{ n; p }' | words)
	comm -23 <(echo "$table") <(echo "$long") | sed 's/^/expected all of the table in calitrace help, saw no /'
	comm -23 <(echo "$table" | grep '^--') <(echo "$short") | sed 's/^/expected all of the table in --help, saw no /'
	comm -23 <(echo "$table") <(echo "$page") | sed 's/^/expected all of the table in the manual page, saw no /'
	comm -13 <(echo "$table") <(echo "$page") | sed 's/^/expected in the manual page only what there is, saw /'
	comm -13 <(echo "$table") <(echo "$short") | sed 's/^/expected in --help only what there is, saw /'
}

# ---- the pages ----

make_pages() {
	local page

	mkdir -p "$out/man"
	for page in tools/man/*.[157]; do tools/man/make.sh "$page" >"$out/man/${page##*/}"; done
	grep -l '^@' "$out"/man/* | sed 's/^/expected nothing left to fill in, saw /' || :
}

test_page() {
	! command -v mandoc >/dev/null || mandoc -Tlint -W warning "$1" 2>&1 | head -n 3
	! command -v groff >/dev/null || groff -man -Tutf8 -ww -z "$1" 2>&1 | head -n 3
}

# What a page refers to of ours is there.
test_references() {
	sed 's/\\-/-/g' "$out"/man/* | grep -oE 'calitrace[a-z-]* ?\([0-9]\)' | tr -d ' ' | sort -u | tr '()' '. ' |
		while read -r page; do [ -e "$out/man/$page" ] || echo "expected a page $page, saw none"; done
}

# Each verdict and cause that the program can say is explained, in the manual (once) and in the README.
test_words() {
	local table word

	for table in verdict cause; do
		while read -r word; do
			[ "$(sed -n '/^\.SH VERDICTS/,/^\.SH OPTIONS/{ s/\\-/-/g; s/[",]//g; p }' "$out/man/calitrace.1" | grep -E '^\.B' |
				grep -cE "[ ]$word( |\$)")" = 1 ] || echo "expected $table $word once in calitrace(1)"
			[ "$word" = unknown ] || grep -qE "^\| .*\`$word\`|^[^|]*\`$word\`" README.md || echo "expected $table $word in the README"
		done < <(words_of "$table")
	done
}

# ---- examples ----

# run_example FILE: its command in the present directory; what it prints to $out/said, its status to $status
run_example() {
	local line

	status=0
	line=$(sed -nE 's/^[$#] (sudo )?(.*)/\2/p' <(grep '^\$ ' "$1"))
	(
		# shellcheck disable=SC2317 # the example calls it
		calitrace() { "$calitrace" "$@" "${node[@]}"; }
		eval "$line"
	) >"$out/said" 2>"$out/said.err" </dev/null || status=$?
	[ "$status" -eq "$(sed -n 's/^# exit //p' "$1")" ] ||
		echo "expected exit status $(sed -n 's/^# exit //p' "$1"), saw $status: $(tail -n 1 "$out/said.err")"
}

test_example() {
	local node=()

	cd "$out/files"
	rm -f incident.html
	run_example "$root/$1"
	diff -u <(grep -Ev '^(# |\$ )' "$root/$1") "$out/said" | sed -n '4,6p'
}

# Numbers are those of the day, and devices come in any order.
normal() { sed -E 's/[0-9]+([.:][0-9]+)*/N/g; s/  +/ /g'; }

test_lab_example() {
	local node=(--netns "$NODE_NETNS_k8s02" --host-root "$NODE_ROOT_k8s02" --node k8s02) lines

	cd "$out/files"
	rm -f before.pcapng
	lines=$(sed -n 's/^# lines //p' "$root/$1")
	lab traffic --count 4 --interval 1 dns ping >"$out/traffic" 2>&1 &
	run_example "$root/$1"
	wait $! || :
	cat "$out/said.err" >>"$out/said"
	grep -Ev '^(# |\$ )' "$root/$1" | grep -E "$lines" | normal | sort -u >"$out/want"
	[ -s "$out/want" ] || echo "expected lines to look for, saw none"
	comm -23 "$out/want" <(normal <"$out/said" | sort -u) | sed 's/^/expected "/; s/$/"/' | head -n 3
}

# ---- commands that are shown anywhere ----

# Each is taken by the program as far as its options go: with a node's namespace that is not there, it
# complains of that, and with files that are not there, of these.
shown_commands() {
	local text

	for text in README.md RUNBOOK.md HACKING.md CONTRIBUTING.md SECURITY.md CHANGELOG.md; do
		[ ! -e "$text" ] || sed -nE 's/^    (\$ |# )?(sudo )?(\.\/)?(calitrace [a-z].*)/\4/p' "$text" | sed 's/ *#.*//'
	done
	sed 's/\\-/-/g; s/\\(aq/'"'"'/g; s/\\(dq/"/g; s/\\f[BIR]//g' "$out"/man/*.[17] |
		sed -nE 's/^ *([$#] )?(sudo |ssh [a-z0-9]+ (sudo )?)?(calitrace [a-z].*)/\4/p'
	for command in $works; do "$calitrace" help "$command" | sed -nE 's/^  (calitrace [a-z].*)/\1/p'; done
}

test_shown() {
	local line words status said n=0

	while read -r line; do
		line=${line%% | *} line=${line%% && *} line=${line%% || *} line=${line%% > *}
		case $line in *'['* | *'...'* | *'…'* | 'calitrace help '* | *' COMMAND'*) continue ;; esac
		eval "words=($line)" 2>/dev/null || continue
		words=("${words[@]:1}")
		status=0
		case ${words[0]} in
		live | capture | check | doctor | metrics)
			said=$(cd "$out/files" && timeout 20 "$calitrace" "${words[0]}" --netns /nowhere/ns "${words[@]:1}" 2>&1 </dev/null) || status=$?
			if [[ " $line " != *' --help '* && " $line " != *' --netns '* && $said != */nowhere/ns* && $said != *'--top needs a terminal'* ]]; then
				echo "expected '$line' to be taken, saw $said"
			fi
			;;
		*)
			said=$(cd "$out/files" && timeout 60 "$calitrace" "${words[@]}" --force 2>&1 >/dev/null </dev/null) || status=$?
			if [[ $said == *"unknown option '--force'"* || $said == *"'--force' does not belong"* || $said == *'--force lets'* ]]; then
				status=0
				said=$(cd "$out/files" && timeout 60 "$calitrace" "${words[@]}" 2>&1 >/dev/null </dev/null) || status=$?
			fi
			if [ $status -eq 2 ] && [[ $said != *'No such file'* && $said != *empty* ]]; then
				echo "expected '$line' to be taken, saw $(head -n 1 <<<"$said")"
			fi
			;;
		esac
		n=$((n + 1))
	done < <(shown_commands | sort -u)
	((n >= 15)) || echo "expected 15 commands at least, saw $n"
}

# What the README has make do can be done, and what it shows in lines of their own is done by a test.
# shellcheck disable=SC2016 # backquotes are Markdown's
test_make() {
	local target

	{
		sed -nE 's/^    (sudo )?make ([a-z0-9-]+).*/\2/p' README.md
		grep -oE '`(sudo )?make [a-z0-9-]+' README.md | sed 's/.* //'
	} | sort -u >"$out/targets"
	[ "$(wc -l <"$out/targets")" -ge 8 ] || echo "expected eight targets at least, saw $(tr '\n' ' ' <"$out/targets")"
	while read -r target; do
		make -n "$target" >/dev/null 2>"$out/make.err" || echo "expected make $target to be there, saw $(tail -n 1 "$out/make.err")"
		! grep -qE "^    (sudo )?make $target( |\$)" README.md || grep -qE "^group_$target\(\)" tests/run ||
			grep -qE "^[^#]*make [^#]*\b$target\b" .ci/run tests/*/*.sh || echo "expected a test that runs make $target"
	done <"$out/targets"
}

# The comparison that the README shows is that of the captures here, with lines left out.
test_readme_diff() {
	(cd "$out/files" && "$calitrace" diff before.pcapng after.pcapng) >"$out/said" 2>/dev/null || :
	sed -n '/^    \$ .*calitrace diff before/,/^$/{ s/^    //p }' README.md | grep -vE '^(\$ .*|…|)$' >"$out/want"
	[ "$(wc -l <"$out/want")" -ge 5 ] || echo "expected a comparison in the README, saw $(cat "$out/want")"
	grep -vxFf "$out/said" "$out/want" >"$out/missing" || :
	sed 's/^/expected of diff what the README shows, saw no "/; s/$/"/' "$out/missing" | head -n 3
}

# The README's lab by hand, to the letter: where names of namespaces and devices are nobody else's.
# shellcheck disable=SC2016 # expanded by the inner shell
test_by_hand() {
	sed -n '/^The lab by hand:/,/^###/{ s/^    //p }' README.md | grep -v 'COMMAND' >"$out/by-hand"
	[ "$(grep -c . "$out/by-hand")" -ge 3 ] || echo "expected the lab by hand in the README, saw $(cat "$out/by-hand")"
	mkdir -p /run/netns /run/calitrace-lab
	unshare -n -m --propagation private sh -c 'ip link set lo up && mount -t tmpfs none /run/netns &&
		mount -t tmpfs none /run/calitrace-lab && exec bash -e "$1"' sh "$out/by-hand" >"$out/by-hand.said" 2>&1 </dev/null ||
		echo "expected exit status 0, saw $(tail -n 2 "$out/by-hand.said")"
	grep -q '^FINDING 1 .*leaked' "$out/by-hand.said" || echo "expected the leak, saw $(tail -n 5 "$out/by-hand.said")"
}

# Files that texts name are there; NAME and the like stand for some.
# shellcheck disable=SC2016 # backquotes are Markdown's
test_paths() {
	grep -noE '`[^` ]+`' HACKING.md CONTRIBUTING.md README.md SECURITY.md CHANGELOG.md tests/README.md |
		sed -nE 's/^([^:]*:[0-9]*):`((user|bpf|tools|tests|vmlinux)\/[^`]*)`$/\1 \2/p' |
		while read -r where path; do
			case $path in *[A-Z][A-Z]* | *'*'*) continue ;; esac
			[ -e "$path" ] || echo "expected $path ($where) to be there"
		done
}

# ---- completions ----

# A node's files: two pods, as CNI writes them
pods_of() {
	mkdir -p "$1/var/lib/cni/results"
	printf '{"kind":"cniCacheV1","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","%s"],\n ["K8S_POD_NAME", "%s"]]}\n' \
		default web-0 >"$1/var/lib/cni/results/cbr0-1-eth0"
	printf '{"cniArgs":[["K8S_POD_NAMESPACE","%s"],["K8S_POD_NAME","%s"]],"x":1}' \
		kube-system coredns-5d78 >"$1/var/lib/cni/results/cbr0-2-eth0"
}

# complete_SHELL LINE: what is offered at its end, one a line
# shellcheck disable=SC2016 # expanded by the other shell
complete_bash() {
	bash --norc --noprofile -c '
		. tools/completion/calitrace.bash
		line=$1
		read -ra COMP_WORDS <<<"$line"
		[[ $line != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
		COMP_WORDS[0]=$2
		compopt() { :; }
		cd "$3"
		_calitrace
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1" "$calitrace" "$out/files" 2>&1
}

# shellcheck disable=SC2016 # expanded by the other shell
complete_fish() {
	(cd "$out/files" && PATH=$out/bin:$PATH HOME=$out fish --no-config -c '
		source $argv[1]/tools/completion/calitrace.fish
		complete -C $argv[2]' "$root" "$1" 2>&1 | cut -f1)
}

complete_zsh() {
	(cd "$out/files" && PATH=$out/bin:$PATH HOME=$out timeout 60 zsh -f "$root/tests/pkg/complete.zsh" "$root/tools/completion" "$1" 2>&1)
}

# offered SHELL LINE WORD...
offered() {
	local shell=$1 line=$2 word

	"complete_$shell" "$line" >"$out/offered"
	shift 2
	for word; do
		grep -qxF -e "$word" "$out/offered" && continue
		echo "expected '$word' for '$line', saw $(head -c 300 "$out/offered" | tr '\n' ' ')"
		return
	done
}


test_completion() {
	local shell=$1 device

	device=$(find /sys/class/net -mindepth 1 -printf '%f\n' | head -n 1)
	offered "$shell" 'calitrace ' live capture show diff check report metrics doctor
	offered "$shell" 'calitrace live --' --duration --pod --exit-code --help
	offered "$shell" 'calitrace show --' --timeline --since --verdict
	offered "$shell" 'calitrace live -i ' any "$device"
	offered "$shell" "calitrace live --host-root $out/node --pod " default/web-0 kube-system/coredns-5d78
	offered "$shell" 'calitrace diff ' before.pcapng after.pcapng
	offered "$shell" 'calitrace show -o ' text json
	mapfile -t list < <(words_of verdict)
	((${#list[@]} > 20)) || echo "expected the verdicts, saw ${#list[@]}"
	offered "$shell" 'calitrace show --verdict ' "${list[@]}"
}

# ---- all of them ----

lab_examples() {
	local file fault

	lab_up "${CALITRACE_TEST_PREFIX:-t$$-}m"
	for file in "$examples"/*; do
		fault=$(sed -n 's/^# lab //p' "$file")
		[ -n "$fault" ] || continue
		# One fault, once
		[ -n "${brought:-}" ] || lab fault "$fault" >&2
		brought=$fault
		check "example ${file##*/}, on a node" test_lab_example "$file"
	done
}

rm -rf "${out:?}/files" "${out:?}/bin"
mkdir -p "$out/files" "$out/bin"
gzip -dc tests/pkg/before.pcapng.gz >"$out/files/before.pcapng"
gzip -dc tests/pkg/after.pcapng.gz >"$out/files/after.pcapng"
export TZ=UTC
if [ "${2:-}" = lab ]; then
	check "README's lab by hand" test_by_hand
	lab_examples
	exit
fi
check 'manual is made' make_pages
check 'calitrace --help fits a screen' test_fits
for command in $works; do
	check "calitrace $command --help fits a screen" test_fits "$command"
	[ -e "tools/man/calitrace-$command.1" ] || fail "manual of $command" "expected a page, saw none" && \
		check "options of $command: table, help, page agree" test_options "$command"
done
for page in "$out"/man/*; do
	check "manual page ${page##*/} without complaint" test_page "$page"
done
check 'manual refers to pages that are there' test_references
check 'each verdict and cause is explained' test_words
for file in "$examples"/*; do
	grep -qE '^# (lab|by) ' "$file" || check "example ${file##*/} prints what it says" test_example "$file"
done
check 'commands in texts are taken by the program' test_shown
check 'what the README has make do' test_make
check 'comparison in the README' test_readme_diff
check 'files that texts name are there' test_paths
pods_of "$out/node"
ln -s "$calitrace" "$out/bin/calitrace"
for shell in bash zsh fish; do
	if command -v $shell >/dev/null; then
		check "completion for $shell" test_completion "$shell"
	else
		skip "completion for $shell" "no $shell here"
	fi
done
