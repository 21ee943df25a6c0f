#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Put a Debian kernel into the cache, ready for tools/vm_run.sh, and print the
# directory: vmlinux, release, lib/modules/RELEASE with depmod done, base.cpio.gz.
#
#   tools/vm/fetch_kernel.sh [--update] NAME      a NAME of tests/vm/kernels
#   tools/vm/fetch_kernel.sh VERSION              such as 6.18.9+deb13-amd64
#   tools/vm/fetch_kernel.sh PACKAGE.deb...       packages at hand
#
# A NAME that was fetched once stays what it was until --update. The packages
# come from wherever this machine gets its Debian packages from; elsewhere set
# CALITRACE_DEBIAN and CALITRACE_DEBIAN_SECURITY to the two archives' addresses.
# apt works in a state of its own here and leaves the machine's alone.

set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
list=$here/../../tests/vm/kernels
cache=${CALITRACE_CACHE:-$HOME/.cache/calitrace}
kernels=$cache/kernels
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { echo "fetch_kernel.sh: $*" >&2; exit 1; }

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

# base_address SUITE: where this machine finds Debian, by the labels of its package lists
base_address() {
	local label=Debian given=${CALITRACE_DEBIAN:-} other

	case $1 in
	*-security) label=Debian-Security given=${CALITRACE_DEBIAN_SECURITY:-} ;;
	esac
	if [ -n "$given" ]; then
		echo "$given"
		return
	fi
	# shellcheck disable=SC2016 # $(...) is apt's own syntax
	other=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Identifier: Packages')
	given=$(awk -v l="$label" '$1 == l { print $2; exit }' <<<"$other")
	if [ -z "$given" ] && [ $label = Debian-Security ]; then
		given=$(awk '$1 == "Debian" { sub("/debian/*$", "/debian-security", $2); print $2; exit }' <<<"$other")
	fi
	[ -n "$given" ] || die "this machine's apt has no $label archive: run apt-get update, or set \
CALITRACE_DEBIAN and CALITRACE_DEBIAN_SECURITY"
	echo "$given"
}

# use_suite SUITE: a private apt state for it, brought up to date; sets apt_opts
apt_opts=()
use_suite() {
	local suite=$1 state=$cache/apt/$1 base signed=

	base=$(base_address "$suite")
	mkdir -p "$state/state/lists/partial" "$state/cache/archives/partial"
	[ ! -e $keyring ] || signed="signed-by=$keyring"
	echo "deb [arch=amd64 $signed] $base $suite main" >"$state/sources.list"
	apt_opts=(-q -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State=$state/state" -o Dir::State::status=/dev/null
		-o "Dir::Cache=$state/cache" -o APT::Architecture=amd64
		-o APT::Sandbox::User= -o Acquire::Languages=none
		-o Acquire::Check-Valid-Until=false)
	apt-get "${apt_opts[@]}" update >"$state/update.log" 2>&1 ||
		{ tail -n 3 "$state/update.log" >&2; die "cannot read $suite"; }
}

# candidates PATTERN: packages that match, newest first. The cloud flavour has no 9p, the -unsigned
# and -dbg ones are the same kernel again.
candidates() {
	local name

	apt-cache "${apt_opts[@]}" pkgnames linux-image- | sort -rV | while read -r name; do
		case $name in *-cloud-* | *-rt-* | *-dbg | *-unsigned) continue ;; esac
		# shellcheck disable=SC2254 # a pattern on purpose
		case $name in $1) echo "$name" ;; esac
	done
}

# From 7.2 on linux-image is empty and depends on the image proper, the modules, and their lists;
# before, linux-base-VERSION is a mere name that linux-image provides.
parts() {
	local part

	echo "$1"
	apt-cache "${apt_opts[@]}" show --no-all-versions "$1" | sed -n 's/^Depends: //p' |
		tr -d ' ' | tr ',' '\n' | sed -n 's/(.*//; /^linux-\(base\|binary\|modules\)-[0-9]/p' | sort -u |
		while read -r part; do
			[ -z "$(apt-cache "${apt_opts[@]}" madison "$part")" ] || echo "$part"
		done
}

# download PATTERN DIR: the newest that the mirror really has; it can lag behind its own list
download() {
	local name part tries=0 ok

	while read -r name; do
		ok=1
		while read -r part; do
			(cd "$2" && apt-get "${apt_opts[@]}" download "$part" >>"$2/log" 2>&1) || ok=
		done < <(parts "$name")
		if [ -n "$ok" ]; then
			echo "fetch_kernel.sh: $name" >&2
			return 0
		fi
		rm -f "$2"/*.deb
		tries=$((tries + 1))
		[ $tries -lt 4 ] || break
	done < <(candidates "$1")
	[ ! -e "$2/log" ] || tail -n 2 "$2/log" >&2
	return 1
}

# base_archive DIR RELEASE: the initramfs without its init: busybox, and the modules that are needed
# to reach the root file system, in the order of their loading.
base_archive() {
	local dir=$1 release=$2 root=$1/initramfs busybox n=0 kind path file

	busybox=$(command -v busybox) || die "needs busybox-static"
	mkdir -p "$root/bin" "$root/modules"
	cp "$busybox" "$root/bin/busybox"
	# "insmod PATH [OPTION]" or "builtin NAME"
	while read -r kind path _; do
		[ "$kind" = insmod ] || continue
		file=$(printf '%s/modules/%02d-%s' "$root" $n "$(basename "$path")")
		case $path in
		*.xz) xz -dc "$path" >"${file%.xz}" ;;
		*.zst) zstd -qdc "$path" >"${file%.zst}" ;;
		*) cp "$path" "$file" ;;
		esac
		n=$((n + 1))
	done < <(for m in virtio_pci 9pnet_virtio 9p overlay; do
		modprobe -d "$dir" -S "$release" --show-depends $m || die "no module $m in $release"
	done | awk '!seen[$0]++')
	[ $n -gt 0 ] || die "$release cannot reach the host's files"
	(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$dir/base.cpio.gz"
	rm -rf "$root"
}

# unpack DIR PACKAGE.deb...: prints the directory in the cache that they end up in
unpack() {
	local dir=$1 deb image release
	shift

	for deb in "$@"; do
		# Large parts that no node's network needs
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$dir" -xf - --exclude '*/kernel/sound' \
			--exclude '*/kernel/drivers/gpu' --exclude '*/kernel/drivers/media' \
			--exclude '*/kernel/drivers/net/wireless' --exclude '*/usr/share' ||
			die "cannot unpack $deb"
	done
	# Debian moved the modules to /usr, and from 7.2 on the image to them.
	if [ ! -d "$dir/lib/modules" ]; then
		mkdir -p "$dir/lib"
		mv "$dir/usr/lib/modules" "$dir/lib/modules" 2>/dev/null || die "no modules in $*"
	fi
	release=$(ls "$dir/lib/modules")
	image=$(find "$dir" -type f -name 'vmlinuz*' | head -n 1)
	[ -n "$image" ] || die "no kernel image in $*"
	# Unpacked here in a second, or in the guest in four
	"$here/extract_vmlinux.sh" "$image" "$dir/vmlinux" || mv "$image" "$dir/vmlinux"
	echo "$release" >"$dir/release"
	depmod -b "$dir" "$release"
	base_archive "$dir" "$release"
	rm -rf "${dir:?}"/{boot,usr,etc,log} "$dir"/*.deb
	chmod 755 "$dir"
	# A guest may be running on the one that is there already, and the same release is as good.
	[ -e "$kernels/$release/base.cpio.gz" ] || mv "$dir" "$kernels/$release"
	echo "$kernels/$release"
}

from_packages() {
	local release

	for deb in "$@"; do [ -r "$deb" ] || die "cannot read $deb"; done
	release=$(dpkg-deb -f "$1" Package Version | md5sum | cut -c1-12)
	if [ ! -e "$kernels/deb-$release" ]; then
		exec 9>"$cache/lock"
		flock 9
		work=$(mktemp -d "$kernels/.new-XXXXXX")
		ln -sfn "$(basename "$(unpack "$work" "$@")")" "$kernels/deb-$release"
	fi
	readlink -f "$kernels/deb-$release"
}

# from_archive NAME SUITE PATTERN
from_archive() {
	local link=$kernels/$1 dir

	exec 9>"$cache/lock"
	flock 9
	# Somebody else may have fetched it while we waited.
	if [ -z "$update" ] && [ -e "$link/base.cpio.gz" ]; then
		readlink -f "$link"
		return
	fi
	use_suite "$2"
	work=$(mktemp -d "$kernels/.new-XXXXXX")
	download "$3" "$work" || die "$2 has no $3 to download"
	dir=$(unpack "$work" "$work"/*.deb)
	[ "$dir" = "$link" ] || ln -sfn "$(basename "$dir")" "$link"
	echo "$dir"
}

update=
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
[ $# -ge 1 ] || die "usage: tools/vm/fetch_kernel.sh [--update] NAME | VERSION | PACKAGE.deb..."
mkdir -p "$kernels"

case $1 in
*.deb)
	from_packages "$@"
	exit
	;;
esac
if [ -z "$update" ] && [ -e "$kernels/$1/base.cpio.gz" ]; then
	readlink -f "$kernels/$1"
	exit
fi
while read -r name suite pattern; do
	case $name in '#'* | '') continue ;; esac
	if [ "$name" = "$1" ]; then
		from_archive "$1" "$suite" "$pattern"
		exit
	fi
	# shellcheck disable=SC2254 # a pattern on purpose
	case linux-image-$1 in $pattern)
		from_archive "$1" "$suite" "linux-image-$1"
		exit
		;;
	esac
done <"$list"
die "no kernel $1 in tests/vm/kernels"
