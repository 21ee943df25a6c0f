#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is given to others: static programs, what make install installs, packages, versions.
#
#   tests/pkg/pkg.sh DIR
#
# A few parts of the program are built once more somewhere else, and have to be the same; reproducible.sh
# does so with all of it.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
cd "$root"
static_max=$((6 * 1024 * 1024))

# ---- static programs ----

# is_static FILE MACHINE
is_static() {
	local size

	size=$(stat -c %s "$1")
	[ "$size" -le $static_max ] || echo "expected at most $static_max octets, saw $size"
	! readelf -lW "$1" | grep -q INTERP || echo "expected no interpreter, saw one"
	! readelf -dW "$1" 2>/dev/null | grep -q NEEDED || echo "expected no libraries, saw some"
	! readelf -SW "$1" | grep -q '\.debug_info' || echo "expected it stripped, saw debug information"
	readelf -hW "$1" | grep -q "Machine:.*$2" || echo "expected a program for $2, saw $(readelf -hW "$1" | grep Machine)"
}

test_static() {
	make -s static >"$out/static.log" 2>&1 || echo "expected make static to succeed, saw $(tail -n 1 "$out/static.log")"
	is_static calitrace-static X86-64
}

test_arm64() {
	make -s -j2 static-arm64 >"$out/arm64.log" 2>&1 || {
		echo "expected make static-arm64 to succeed, saw $(grep -v warning "$out/arm64.log" | tail -n 1)"
		return
	}
	is_static calitrace-static-arm64 AArch64
}

# It is the same program: it says of captures what the other one says.
test_arm64_runs() {
	local command which file

	for file in before after; do gzip -dc tests/pkg/$file.pcapng.gz >"$out/$file.pcapng"; done
	for command in "show $out/before.pcapng" "show -o json $out/after.pcapng" "diff $out/before.pcapng $out/after.pcapng" \
		"report $out/before.pcapng $out/after.pcapng -w $out/page.html --force" "help live"; do
		for which in "$calitrace" "qemu-aarch64-static ./calitrace-static-arm64"; do
			rm -f "$out/page.html"
			# shellcheck disable=SC2086 # their words
			$which $command >"$out/${which##*[/-]}.said" 2>&1 || echo "expected exit status 0 of $which $command"
			# the commit may be another, if somebody builds the next one meanwhile
			[ ! -e "$out/page.html" ] || sed 's/calitrace [0-9][^ ]* from/calitrace from/' "$out/page.html" >>"$out/${which##*[/-]}.said"
		done
		cmp "$out/${calitrace##*[/-]}.said" "$out/arm64.said" 2>&1 || :
	done
	qemu-aarch64-static ./calitrace-static-arm64 --version | grep -q 'static, arm64' || echo "expected a version that says arm64"
}

# ---- the same tree, the same bytes ----

# What the program is made of, as it is now, somewhere else
tree_copy() {
	mkdir -p "$1"
	cp -r Makefile VERSION bpf user vmlinux tools "$1"
}

# What knows the directory, the version, or includes a file as it is
parts='user/version.o user/bpf_object.o user/report_css.o user/recorder.o user/main.o user/jsonl.o'

same_parts() {
	local part arch

	arch=$(uname -m | sed s/aarch64/arm64/)
	for part in $parts; do
		objcopy --strip-debug "$root/.output/$arch/$part" "$out/one.o"
		objcopy --strip-debug "$1/.output/$arch/$part" "$out/other.o"
		cmp -s "$out/one.o" "$out/other.o" || echo "expected $part to be the same, saw another"
	done
	cmp "$root/.output/$arch/calitrace.bpf.o" "$1/.output/$arch/calitrace.bpf.o" 2>&1
}

test_reproducible() {
	local dir=$out/some/where/else version arch targets

	version=$(tools/version.sh)
	arch=$(uname -m | sed s/aarch64/arm64/)
	tree_copy "$dir"
	make -s all >"$out/here.log" 2>&1
	# Another day, another language, other rights of new files
	read -ra targets <<<"$parts"
	targets=("${targets[@]/#/.output/$arch/}")
	(cd "$dir" && umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 make -s VERSION="$version" "${targets[@]}") \
		>"$out/there.log" 2>&1 || echo "expected make to succeed there, saw $(tail -n 1 "$out/there.log")"
	same_parts "$dir"
	rm -rf "${out:?}/some"
}

# ---- versions ----

version_is() {
	local said

	said=$("$2/tools/version.sh")
	[[ $said =~ ^$1$ ]] || echo "expected $1, saw $said"
}

test_versions() {
	local base git=(git -c user.name=t -c user.email=t@localhost -c init.defaultBranch=main -c commit.gpgsign=false)

	base=$(cat VERSION)
	mkdir -p "$out/v/clone/tools" "$out/v/clone/unpacked/tools"
	cp VERSION .gitattributes "$out/v/clone/"
	cp tools/version.sh "$out/v/clone/tools/"
	cp VERSION "$out/v/clone/unpacked/"
	cp tools/version.sh "$out/v/clone/unpacked/tools/"
	echo unpacked >"$out/v/clone/.gitignore"
	(cd "$out/v/clone" && "${git[@]}" init -q && "${git[@]}" add -A && "${git[@]}" commit -qm one)
	version_is "$base-g[0-9a-f]{7}" "$out/v/clone"
	# of a tarball that was unpacked below a clone, the clone knows nothing
	version_is "$base" "$out/v/clone/unpacked"
	(cd "$out/v/clone" && "${git[@]}" tag -a v7.1 -m v7.1)
	version_is '7\.1' "$out/v/clone"
	mkdir -p "$out/v/tar"
	git -C "$out/v/clone" archive HEAD | tar -x -C "$out/v/tar"
	version_is "(7\.1|$base-g[0-9a-f]{7})" "$out/v/tar"
	echo >>"$out/v/clone/VERSION"
	version_is '7\.1-dirty' "$out/v/clone"
	[ "$("$calitrace" --version | head -n 1)" = "calitrace $(cat .output/version)" ] ||
		echo "expected the version $(cat .output/version), saw $("$calitrace" --version | head -n 1)"
}

# Each library that is linked is named, with a licence.
test_licences() {
	local lib said

	said=$("$calitrace" --version)
	readelf -dW "$calitrace" | sed -nE 's/.*NEEDED.*\[lib([a-z0-9+-]+)\.so.*/\1/p' | while read -r lib; do
		case $lib in
		z) lib=zlib ;;
		c | m | gcc_s) lib=glibc ;;
		esac
		grep -qE "(^| |lib)${lib}[ ,].*\(.+\)|lib${lib}.*\(.+\)" <<<"$said" || echo "expected lib$lib and its licence, saw none"
	done
}

# ---- installed ----

test_install() {
	make -s install DESTDIR="$out/a dest" PREFIX=/opt/c >"$out/install.log" 2>&1 ||
		echo "expected make install to succeed, saw $(tail -n 1 "$out/install.log")"
	local f

	for f in bin/calitrace share/man/man1/calitrace.1 share/man/man1/calitrace-live.1 share/man/man5/calitrace-json.5 \
		share/man/man7/calitrace-runbook.7 share/bash-completion/completions/calitrace \
		share/calitrace/schema/calitrace-1.schema.json share/calitrace/prometheus/calitrace.rules.yml; do
		[ -s "$out/a dest/opt/c/$f" ] || echo "expected $f to be installed"
	done
	grep -h '^ExecStart=' "$out"/dest/opt/c/lib/systemd/system/*.service | grep -v '=/opt/c/bin/' |
		sed 's/^/expected the installed program to be what is started, saw /'
	"$out/a dest/opt/c/bin/calitrace" --version >/dev/null || echo "expected the installed program to run"
	make -s uninstall DESTDIR="$out/a dest" PREFIX=/opt/c >"$out/install.log" 2>&1
	find "$out/a dest" ! -type d | sed 's/^/expected nothing to be left, saw /'
}

# ---- packages ----

test_deb() {
	local deb status=0

	make -s deb >"$out/deb.log" 2>&1 || status=$?
	[ $status -eq 0 ] || echo "expected make deb to succeed and lintian to be silent, saw $(tail -n 2 "$out/deb.log")"
	deb=$(ls .output/pkg/*.deb)
	cp "$deb" "$out/first.deb"
	tools/pkg/deb.sh >/dev/null 2>&1 || :
	cmp "$out/first.deb" "$deb" 2>&1
	dpkg-deb -x "$deb" "$out/deb"
	"$out/deb/usr/bin/calitrace" --version >/dev/null || echo "expected the packed program to run"
	"$out/deb/usr/bin/calitrace" show --summary <(gzip -dc tests/pkg/before.pcapng.gz) 2>/dev/null | grep -q '^FINDING' ||
		echo "expected the packed program to show a capture"
}

# Is that file one of ${patterns[@]}?
packed() {
	local pattern

	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2053 # a pattern on purpose
		[[ $1 != $pattern && $1 != ${pattern%/}/* ]] || return 0
	done
	return 1
}

test_spec() {
	local said patterns

	said=$(rpmspec -P tools/pkg/calitrace.spec 2>&1 >/dev/null) || :
	[ -z "$said" ] || echo "expected nothing, saw $(head -n 2 <<<"$said")"
	# What it packs is what is installed.
	make -s install DESTDIR="$out/rpm" PREFIX=/usr >/dev/null 2>&1
	mapfile -t patterns < <(rpmspec -P tools/pkg/calitrace.spec 2>/dev/null | sed -n '/^%files/,/^%changelog/p' | grep '^/')
	find "$out/rpm" -type f -printf '/%P\n' | while read -r file; do
		packed "$file" || echo "expected $file in the package's files"
	done
}

test_container() {
	local file=tools/pkg/Containerfile instruction

	sed -e ':a' -e '/\\$/N; s/\\\n//; ta' "$file" | grep -v '^#' | awk 'NF { print $1 }' | sort -u |
		while read -r instruction; do
			case $instruction in FROM | ARG | LABEL | COPY | ENTRYPOINT | CMD) ;; *) echo "expected nothing to be run, saw $instruction" ;; esac
		done
	[ "$(grep -c '^FROM ' "$file")" = 1 ] && grep -qx 'FROM scratch' "$file" || echo "expected FROM scratch alone"
	grep -qx 'ARG PROGRAM=calitrace-static' "$file" || echo "expected calitrace-static to be what is copied"
	grep -qx 'ENTRYPOINT \["/calitrace"\]' "$file" || echo "expected the program as the entry point"
}

# needs NAME TOOL CHECK...
needs() {
	local name=$1 tool=$2

	shift 2
	if command -v "$tool" >/dev/null; then
		check "$name" "$@"
	else
		skip "$name" "no $tool here"
	fi
}

check "static program" test_static
needs "static program for arm64" aarch64-linux-gnu-gcc test_arm64
if [ -x calitrace-static-arm64 ]; then
	needs "static program for arm64 shows a capture" qemu-aarch64-static test_arm64_runs
fi
check "the same tree gives the same bytes" test_reproducible
check "versions: of a clone, a tag, a tarball" test_versions
check "licences of what is linked" test_licences
check "make install and uninstall" test_install
needs "make deb, lintian" lintian test_deb
needs "RPM spec" rpmspec test_spec
check "container recipe" test_container
