#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make static for a machine that this one is not:
#
#   tools/pkg/cross.sh arm64 [MAKE]      ./calitrace-static-arm64
#   tools/pkg/cross.sh --sysroot arm64   prints where its libraries are, fetches them if needed
#
# The compiler is Debian's (gcc-aarch64-linux-gnu). The libraries are taken out of Debian's packages
# for that machine by an apt with a state of its own: nothing is installed, the machine's own apt
# stays as it is. SYSROOT=DIR takes others, CALITRACE_CACHE another place than ~/.cache/calitrace,
# DEBIAN_MIRROR another archive than the machine's own.

set -euo pipefail

cd "$(dirname "$0")/../.."
suite=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
packages=(libc6-dev linux-libc-dev libbpf-dev libelf-dev zlib1g-dev libnl-3-dev libnl-route-3-dev
	libjansson-dev libpcap0.8-dev libmicrohttpd-dev libncurses-dev)

die() { echo "cross.sh: $*" >&2; exit 1; }

# This machine's Debian archive, if it has one
mirror() {
	local uri

	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "$DEBIAN_MIRROR"
		return
	fi
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Identifier: Packages' 2>/dev/null |
		awk '$1 == "Debian" { print $2; exit }') || :
	echo "${uri:-http://deb.debian.org/debian}"
}

private_apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$work/sources" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$work/state" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
		-o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none "$@"
}

fetch() {
	local deb

	[ -r $keyring ] || die "no key for Debian's archive: install debian-archive-keyring, or set SYSROOT"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
	echo "deb [arch=$arch signed-by=$keyring] $(mirror) $suite main" >"$work/sources"
	private_apt update >&2 || die "cannot read the list of packages for $arch"
	(cd "$work/debs" && private_apt download "${packages[@]}") >&2 || die "cannot fetch the libraries for $arch"
	for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
	mkdir -p "$(dirname "$sysroot")"
	rm -rf "$sysroot"
	cp -a "$work/root" "$sysroot"
}

sysroot_only=
[ "${1:-}" != --sysroot ] || { sysroot_only=1 && shift; }
arch=${1:-}
make=${2:-make}
case $arch in
arm64) triplet=aarch64-linux-gnu ;;
*) die "usage: tools/pkg/cross.sh [--sysroot] arm64 [MAKE]" ;;
esac
sysroot=${SYSROOT:-${CALITRACE_CACHE:-${HOME:-/root}/.cache/calitrace}/sysroot/$suite-$arch-$(cksum <<<"${packages[*]}" | cut -d' ' -f1)}
[ -e "$sysroot/usr/include/pcap.h" ] || [ -n "${SYSROOT:-}" ] || fetch
if [ -n "$sysroot_only" ]; then
	echo "$sysroot"
	exit
fi
command -v $triplet-gcc >/dev/null || die "no $triplet-gcc: apt-get install gcc-$triplet"
# CC is one word, as its name tells the archiver. No option of the caller's
# make, but the two below, through the environment, as the makefile adds to them.
export PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triplet/pkgconfig:$sysroot/usr/share/pkgconfig
export CPPFLAGS="--sysroot=$sysroot" LDFLAGS="--sysroot=$sysroot"
exec "$make" CC=$triplet-gcc AR=$triplet-ar static
