#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The packages as somebody new would have them: the .deb installed by apt in a root that debootstrap made, with
# nothing else in it; what it says there, its manual, its removal. The image that the container recipe makes.
# tests/pkg/chroot.sh DIR
#
# It fetches a hundred packages from this machine's own archive and takes minutes, so it is on demand:
# tests/run chroot.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
tree=$out/root
cd "$root"
unset TMPDIR
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# Archives of this machine for its own release, one a line: URI suite components
archives() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' |
		awk -v of="$1" '$2 == of || index($2, of "-") == 1 || index($2, of "/") == 1 { c[$1 " " $2] = c[$1 " " $2] " " $3 }
			END { for (a in c) print a c[a] }' | sort
}

# Nothing that is mounted for it outlives it.
# shellcheck disable=SC2016 # expanded by the inner shell
inside() {
	unshare -m --propagation private sh -c 'root=$1 && shift &&
		mount --bind /proc "$root/proc" && mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
		exec chroot "$root" "$@"' sh "$tree" "$@" </dev/null
}

test_root() {
	local suite mirror

	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	mirror=$(archives "$suite" | awk -v s="$suite" '$2 == s { print $1; exit }')
	[ -n "$mirror" ] || { echo "expected an archive of $suite, saw $(archives "$suite")" && return; }
	debootstrap --variant=minbase "$suite" "$tree" "$mirror" >"$out/debootstrap.log" 2>&1 ||
		{ echo "expected debootstrap to succeed, saw $(tail -n 1 "$out/debootstrap.log")" && return; }
	archives "$suite" | sed 's/^/deb /' >"$tree/etc/apt/sources.list"
	cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
	# manual pages are read there, too
	{ inside apt-get -q update && inside apt-get install -qy --no-install-recommends man-db; } >"$out/apt.log" 2>&1 ||
		echo "expected apt-get to succeed, saw $(tail -n 1 "$out/apt.log")"
}

test_install() {
	local deb

	make -s deb >"$out/deb.log" 2>&1 || echo "expected make deb to succeed, saw $(tail -n 2 "$out/deb.log")"
	deb=$(ls .output/pkg/*.deb)
	cp "$deb" "$tree/tmp/calitrace.deb"
	inside apt-get install -qy --no-install-recommends /tmp/calitrace.deb >"$out/install.log" 2>&1 ||
		echo "expected apt-get install to succeed, saw $(tail -n 2 "$out/install.log")"
	inside dpkg --verify calitrace 2>&1 | sed 's/^/expected the files that were packed, saw /'
	# shellcheck disable=SC2016 # dpkg-query's own variable
	[ "$(inside dpkg-query -W -f '${db:Status-Abbrev}' calitrace)" = 'ii ' ] || echo "expected it to be installed"
}

test_version() {
	local said

	said=$(inside calitrace --version 2>&1) || echo "expected exit status 0"
	# as in deb.sh: a hyphen would be a packaging revision
	[ "$(head -n 1 <<<"$said" | tr - +)" = "calitrace $(dpkg-deb -f "$tree/tmp/calitrace.deb" Version)" ] ||
		echo "expected the package's version, saw $(head -n 1 <<<"$said")"
	! inside ldd /usr/bin/calitrace | grep 'not found' || echo "expected all libraries"
	said=$(inside calitrace --help | head -n 1)
	[[ $said == [Uu]sage:* || $said == calitrace* ]] || echo "expected a help, saw $said"
}

# Each page as man prints it, without complaint, with its name and sections
test_manual() {
	local page name n=0

	for page in "$tree"/usr/share/man/man*/calitrace*; do
		name=$(basename "$page" .gz)
		inside env MANWIDTH=80 man --warnings -l "${page#"$tree"}" >"$out/page" 2>"$out/page.err" || echo "expected man -l $name to succeed"
		sed "s/^/expected no complaint about $name, saw /" "$out/page.err"
		grep -q '^NAME' "$out/page" && grep -q '^SEE ALSO' "$out/page" || echo "expected a page of $name, saw $(head -n 3 "$out/page")"
		inside man -w "${name##*.}" "${name%.*}" >/dev/null 2>&1 || echo "expected man ${name##*.} ${name%.*} to find it"
		n=$((n + 1))
	done
	[ $n -ge 12 ] || echo "expected a dozen pages, saw $n"
}

test_doctor() {
	local said status=0

	said=$(inside calitrace doctor 2>&1) || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status"
	grep -q '^ok *tracing' <<<"$said" || echo "expected that it can trace, saw $(tail -n 1 <<<"$said")"
}

test_show() {
	gzip -dc tests/pkg/before.pcapng.gz >"$tree/tmp/before.pcapng"
	gzip -dc tests/pkg/after.pcapng.gz >"$tree/tmp/after.pcapng"
	inside calitrace show --summary /tmp/before.pcapng 2>/dev/null | grep -q '^FINDING' || echo "expected a finding"
	inside calitrace diff /tmp/before.pcapng /tmp/after.pcapng 2>/dev/null | grep -q '^Cured' || echo "expected the cure"
}

test_remove() {
	inside apt-get purge -qy calitrace >"$out/purge.log" 2>&1 || echo "expected apt-get purge to succeed, saw $(tail -n 1 "$out/purge.log")"
	find "$tree" -xdev \( -path "$tree/proc" -o -path "$tree/sys" -o -path "$tree/tmp" -o -path "$tree/var/log" -o -path "$tree/var/cache" \) -prune \
		-o -name '*calitrace*' -print | sed "s|$tree|expected nothing to be left, saw |"
}

# In a store of its own, without a network
image() { buildah --root "$out/store" --runroot "$out/store.run" --storage-driver vfs "$@"; }
test_image() {
	local id dir

	make -s static >"$out/static.log" 2>&1 || echo "expected make static to succeed, saw $(tail -n 1 "$out/static.log")"
	image bud --isolation chroot -f tools/pkg/Containerfile -t calitrace . >"$out/image.log" 2>&1 ||
		{ echo "expected the image to be made, saw $(tail -n 1 "$out/image.log")" && return; }
	id=$(image from --pull-never localhost/calitrace 2>>"$out/image.log")
	dir=$(image mount "$id")
	[ "$(find "$dir" -mindepth 1 -printf '%P %m\n')" = 'calitrace 755' ] || echo "expected one file, saw $(ls -la "$dir")"
	chroot "$dir" /calitrace --version | grep -q 'features: static' || echo "expected the static program to run there"
	[ "$(image inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' "$id")" = '[/calitrace] [--help]' ] ||
		echo "expected the program as the entry point, saw $(image inspect --format '{{.OCIv1.Config}}' "$id")"
	{ image umount "$id" && image rm "$id" && image rmi --all --force; } >>"$out/image.log" 2>&1 || :
	rm -rf "$out/store" "$out/store.run"
}

if command -v buildah >/dev/null; then
	check "container image" test_image
else
	skip "container image" "no buildah here"
fi
if ! command -v debootstrap >/dev/null; then
	skip "package in a clean root" "no debootstrap here"
	exit
fi
rm -rf --one-file-system "$tree"
trap 'rm -rf --one-file-system "$tree"' EXIT
check "a clean root" test_root
check "package installs by apt in a clean root" test_install
check "package in a clean root: --version, --help" test_version
check "package in a clean root: man -l of each page" test_manual
check "package in a clean root: doctor" test_doctor
check "package in a clean root: show, diff" test_show
check "package in a clean root: purged" test_remove
