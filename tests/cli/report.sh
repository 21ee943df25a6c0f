#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The page of a capture: written as other files are, right about the incident, and looked at in a
# browser: no error, nothing fetched, nothing wider than a phone. tests/cli/report.sh DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
browser=$(command -v chromium || command -v chromium-browser || :)

# ---- captures: before the incident, the incident and its end, only the end ----

traffic() { lab traffic --count "${1:-4}" --interval 0.1 ping dns >&2 || :; }

# record NAME: in the background
record() {
	rm -f "$out/$1.pcapng"
	tracer_run "$1" capture --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" \
		--node k8s02 -w "$out/$1.pcapng"
}

recorded() {
	tracer_stop "$1"
	[ "${tracer_status[$1]}" -eq 0 ] && [ -s "$out/$1.pcapng" ]
}

captures() {
	record incident && record broken || return 1
	tracer_wait incident && tracer_wait broken || return 1
	traffic
	lab fault incident >&2
	traffic 6
	sleep 2.5 # what is unanswered is told after 2 s
	recorded broken || return 1
	lab heal >&2
	lab wait >&2
	record healed && tracer_wait healed || return 1
	traffic 6
	sleep 2.5
	recorded healed && recorded incident
}

# ---- the file ----

report() { timeout 60 "$calitrace" report "$@" 2>"$out/stderr" </dev/null; }

# ends STATUS WORD ARGUMENT...: WORD is in the only line that it says; "": it says nothing
ends() {
	local want=$1 word=$2 status=0

	shift 2
	report "$@" >"$out/stdout" || status=$?
	[ "$status" -eq "$want" ] || echo "expected exit status $want, saw $status: $(head -n 1 "$out/stderr")"
	if [ -z "$word" ]; then
		[ ! -s "$out/stderr" ] || echo "expected nothing on standard error, saw $(head -n 1 "$out/stderr")"
	elif [ "$(grep -c . "$out/stderr")" -ne 1 ] || ! grep -qF -- "$word" "$out/stderr"; then
		echo "expected one line that speaks of '$word', saw $(head -n 2 "$out/stderr")"
	fi
}

written() {
	rm -f "$out/page.html"
	ends 0 '' "$out/incident.pcapng" -w "$out/page.html"
	[ "$(stat -c %a "$out/page.html")" = 600 ] || echo "expected mode 600, saw $(stat -c %a "$out/page.html")"
	[ "$(tail -n 1 "$out/page.html")" = '</body></html>' ] || echo "expected a page that ends, saw $(tail -n 1 "$out/page.html")"
}

same_bytes() {
	ends 0 '' "$out/incident.pcapng" -w -
	cmp "$out/stdout" "$out/page.html" 2>&1 || :
}

kept() {
	echo precious >"$out/kept.html"
	ends 2 '--force' "$out/incident.pcapng" -w "$out/kept.html"
	[ "$(cat "$out/kept.html")" = precious ] || echo 'expected the file as it was'
	ends 0 '' "$out/incident.pcapng" -w "$out/kept.html" --force
	cmp "$out/kept.html" "$out/page.html" 2>&1 || :
}

not_over_the_capture() {
	local sum

	sum=$(md5sum <"$out/incident.pcapng")
	ends 2 'to be read' "$out/incident.pcapng" -w "$out/incident.pcapng" --force
	[ "$(md5sum <"$out/incident.pcapng")" = "$sum" ] || echo 'expected the capture as it was'
}

no_regular_file() {
	ends 2 'is a directory' "$out/incident.pcapng" -w "$out" --force
	ln -sf page.html "$out/link.html"
	ends 2 'symbolic link' "$out/incident.pcapng" -w "$out/link.html" --force
}

no_such_place() {
	ends 2 "$out/nowhere/x.html" "$out/incident.pcapng" -w "$out/nowhere/x.html"
	ends 2 "$out/nothing.pcapng" "$out/nothing.pcapng" -w "$out/x.html"
	[ ! -e "$out/x.html" ] || echo 'expected no file, saw one'
}

full_disk() {
	local status=0

	"$calitrace" report "$out/incident.pcapng" -w - >/dev/full 2>"$out/stderr" || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	grep -q 'No space left' "$out/stderr" || echo "expected to hear of no space, saw $(cat "$out/stderr")"
}

cut_file() {
	local size

	size=$(stat -c %s "$out/broken.pcapng")
	head -c $((size - 3000)) "$out/broken.pcapng" >"$out/cut.pcapng"
	rm -f "$out/cut.html"
	ends 2 'cut.pcapng' "$out/cut.pcapng" -w "$out/cut.html"
	grep -q 'Cut short:' "$out/cut.html" || echo 'expected the page to say that the capture was cut'
	grep -q 'leave past the tunnel' "$out/cut.html" || echo 'expected the finding that came before the cut'
}

foreign_file() {
	tcpdump -r "$out/broken.pcapng" -w "$out/foreign.pcap" 2>/dev/null
	rm -f "$out/foreign.html"
	ends 0 '' "$out/foreign.pcap" -w "$out/foreign.html"
	grep -q 'plain packet capture' "$out/foreign.html" || echo 'expected the page to say what it is of'
}

# ---- what the page says ----

text_of() { sed -e 's/<[^>]*>/ /g' -e 's/  */ /g' "$1"; }
says() { text_of "$1" | grep -F -- "$2" >/dev/null || echo "expected '$2' on $(basename "$1"), saw none"; }

incident_is_told() {
	local page=$out/page.html

	says "$page" "k8s02 lost packets to $NODE_BLOCK_k8s01"
	says "$page" 'no BGP session of this node is established'
	says "$page" 'node-address-mismatch'
	says "$page" "address $LAB_WRONG_ADDRESS"
	says "$page" 'first answer after the losses'
	says "$page" 'finding 1 is over'
	rm -f "$out/broken.html"
	ends 0 '' "$out/broken.pcapng" -w "$out/broken.html"
	says "$out/broken.html" "k8s02 loses packets to"
}

# The same number as `show` has it
counts_agree() {
	local shown paged

	shown=$("$calitrace" show --summary -o json "$out/incident.pcapng" 2>/dev/null |
		jq -r 'select(.type == "summary") | [.verdicts | to_entries[] |
			select(.key != "sent" and .key != "delivered") | .value] | add // 0')
	paged=$(sed -nE 's|.*<dt>with a problem</dt><dd[^>]*>([0-9]+)</dd>.*|\1|p' "$out/page.html")
	[ "$paged" = "$shown" ] && [ "${paged:-0}" -gt 0 ] ||
		echo "expected the $shown problems that show has, saw $paged"
}

comparison() {
	rm -f "$out/pair.html"
	ends 0 '' "$out/broken.pcapng" "$out/healed.pcapng" -w "$out/pair.html"
	says "$out/pair.html" 'What was wrong is cured'
	says "$out/pair.html" 'Before'
	rm -f "$out/riap.html"
	ends 0 '' "$out/healed.pcapng" "$out/broken.pcapng" -w "$out/riap.html"
	! grep -q 'is cured' "$out/riap.html" || echo 'expected no cure the other way round'
}

# All that a page may name are its own parts; a namespace is no address, and there is none.
nothing_named() {
	local page

	for page in page broken cut pair foreign; do
		grep -oE "(https?|ftp|data|file):[^ <\"]*|url\([^#][^)]*\)|<(script|link|iframe|img|object)[ >]" \
			"$out/$page.html" || :
	done | head -n 3
}

# ---- in a browser ----

browse() {
	timeout 90 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$out/profile" \
		--enable-logging=stderr --virtual-time-budget=3000 "$@" 2>"$out/browser.err"
}

# console PAGE: what the browser complains of
console() {
	browse --dump-dom "file://$1" >"$out/dom.html" || echo "expected the browser to end well, saw $?"
	grep -q '<main' "$out/dom.html" || echo 'expected the page in the browser, saw none'
	grep CONSOLE "$out/browser.err" || :
}

consoles() {
	local page

	for page in page broken pair cut; do
		console "$out/$page.html"
	done
}

# A page with what must not be there has to be complained of.
console_selftest() {
	sed 's|<main|<img src="x.png" alt=""/><main|' "$out/page.html" >"$out/bad.html"
	[ -n "$(console "$out/bad.html")" ] || echo 'expected a complaint of a picture that is fetched, saw none'
}

# measured PAGE WIDTH: how wide it is in a window of that width. The copy may run a script.
measured() {
	sed -e '/Content-Security-Policy/d' -e 's/<details>/<details open="">/g' \
		-e 's|</body>|<script>parent.postMessage(document.documentElement.scrollWidth, "*")</script></body>|' \
		"$1" >"$out/measured.html"
	cat >"$out/frame.html" <<-END
		<!DOCTYPE html><title>none</title><body style="margin:0">
		<script>onmessage = e => document.title = "w=" + e.data</script>
		<iframe src="measured.html" width="$2" height="800" style="border:0"></iframe>
	END
	browse --allow-file-access-from-files --dump-dom "file://$out/frame.html" |
		sed -nE 's|.*<title>w=([0-9]+)</title>.*|\1|p' | head -n 1
}

# fits PAGE WIDTH, all tables open
fits() {
	local width

	width=$(measured "$out/$1.html" "$2")
	[ -n "$width" ] && [ "$width" -le "$2" ] ||
		echo "expected $1 to be no wider than $2, saw ${width:-nothing}"
}

fits_selftest() {
	local width

	sed 's|<main|<p style="width:900px">wide</p><main|' "$out/page.html" >"$out/wide.html"
	width=$(measured "$out/wide.html" 360)
	[ "${width:-0}" -gt 360 ] || echo "expected more than 360, saw ${width:-nothing}"
}

phone() {
	local page

	for page in page broken pair; do
		fits $page 360
	done
	fits page 1280
	fits pair 1280
}

# screenshot NAME PAGE SIZE OPTION...: there is a picture, and it is of more than one colour
screenshot() {
	local picture=$out/$1.png

	rm -f "$picture"
	browse --hide-scrollbars --window-size="$3" --screenshot="$picture" "${@:4}" "file://$out/$2.html" >/dev/null
	[ "$(stat -c %s "$picture" 2>/dev/null || echo 0)" -gt 20000 ] ||
		echo "expected a picture of $2, saw $(stat -c %s "$picture" 2>/dev/null || echo none) octets"
}

pictures() {
	screenshot desktop page 1280,2400
	screenshot dark page 1280,2400 --blink-settings=preferredColorScheme=0
	screenshot both pair 1400,2400
	! cmp -s "$out/desktop.png" "$out/dark.png" || echo 'expected the dark page to look different'
}

# 5 MB, and what the browser makes of it in time
large() {
	local size

	size=$(stat -c %s "$out/page.html")
	[ "$size" -le $((5 * 1024 * 1024)) ] || echo "expected no more than 5 MB, saw $size octets"
}

lab_up "${CALITRACE_TEST_PREFIX:-t$$-}rep-"
check 'report: captures of the incident' captures
check 'report: a page, mode 0600' written
check 'report: the same capture gives the same bytes' same_bytes
check 'report: an existing file is kept without --force' kept
check 'report: not over the capture itself' not_over_the_capture
check 'report: only to regular files' no_regular_file
check 'report: a file that cannot be is named' no_such_place
check 'report: a full disk is told' full_disk
check 'report: of a capture that was cut, all up to there' cut_file
check 'report: of a plain packet capture' foreign_file
check 'report: the incident is told' incident_is_told
check 'report: counts are those of show' counts_agree
check 'report: before and after' comparison
check 'report: nothing is fetched' nothing_named
check 'report: no larger than 5 MB' large
if [ -z "$browser" ]; then
	skip 'report: in a browser' 'there is no chromium on this machine'
	exit 0
fi
check 'report: the browser has no complaint' consoles
check 'report: a complaint would be seen' console_selftest
check 'report: fits a phone and a desktop, all tables open' phone
check 'report: what is too wide would be seen' fits_selftest
check 'report: light, dark and side by side' pictures
