#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools/lab.sh needs beyond installed packages (those are tools/deps.sh's job): BIRD 1.6
# and the lab's own programs.
#
#   tools/lab-deps.sh             prepare all in the cache; needed before a virtual machine
#                                 without network or compiler is started
#   tools/lab-deps.sh bird        print the path of a BIRD 1.6, fetching it if needed
#   tools/lab-deps.sh labtool     print the path of the helper, compiling it if needed
#   tools/lab-deps.sh krt_tunnel  likewise what makes that BIRD put routes on the tunnel
#
# BIRD 1.6 is the base of Calico's fork. Debian's package is unpacked and not installed: it
# conflicts with bird2 and starts a service. BIRD=PATH takes another one, CALITRACE_CACHE
# another place than /var/cache/calitrace, DEBIAN_MIRROR another archive than the one that
# the machine's own apt sources lead to.

set -euo pipefail

cache=${CALITRACE_CACHE:-/var/cache/calitrace}
source_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lab
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { echo "lab-deps.sh: $*" >&2; exit 1; }

is_bird16() { [[ $("$1" --version 2>&1) == *' 1.6.'* ]]; }

# The machine's own archives, then what they become if the machine is no Debian: the
# same server often has both.
mirrors() {
	local uri

	[ -z "${DEBIAN_MIRROR:-}" ] || { echo "$DEBIAN_MIRROR"; return; }
	# shellcheck disable=SC2016 # apt's own variable
	apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sort -u | while read -r uri; do
		uri=${uri%/}
		case $uri in
		*/debian) echo "$uri" ;;
		*/ubuntu) echo "${uri%/ubuntu}/debian" ;;
		esac
	done
	echo http://deb.debian.org/debian
}

# A private apt: the machine's own lists and sources stay as they are.
bookworm_apt() {
	apt-get -qq -o Dir::Etc::sourcelist="$tmp/sources" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$tmp/state" -o Dir::State::status=/dev/null -o Dir::Cache="$tmp/cache" \
		-o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false "$@"
}

fetch_from_bookworm() {
	local mirror

	if [ ! -r "$keyring" ]; then
		apt-get -qq -o APT::Sandbox::User=root download debian-archive-keyring ||
			die "no key for Debian's archive"
		dpkg -x debian-archive-keyring_*.deb "$tmp/keyring"
		keyring=$tmp/keyring$keyring
	fi
	mkdir -p "$tmp/state/lists/partial" "$tmp/cache/archives/partial"
	while read -r mirror; do
		echo "deb [signed-by=$keyring] $mirror bookworm main" >"$tmp/sources"
		if bookworm_apt update && bookworm_apt download bird; then
			return
		fi
	done < <(mirrors | awk '!seen[$0]++')
	return 1
}

get_bird() {
	local found own

	if [ -n "${BIRD:-}" ]; then
		is_bird16 "$BIRD" || die "BIRD=$BIRD is no BIRD 1.6"
		echo "$BIRD"
		return
	fi
	found=$cache/bird/usr/sbin/bird
	if [ -x "$found" ]; then
		echo "$found"
		return
	fi
	if own=$(type -P bird) && is_bird16 "$own"; then
		echo "$own"
		return
	fi
	command -v apt-get >/dev/null || die "no BIRD 1.6 here and no apt-get: set BIRD"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	if [[ $(apt-cache policy bird 2>/dev/null) != *'Candidate: 1.6.'* ]] ||
		! apt-get -qq -o APT::Sandbox::User=root download bird >&2; then
		fetch_from_bookworm >&2 || die "could not fetch BIRD 1.6: set BIRD or DEBIAN_MIRROR"
	fi
	dpkg -x bird_1.6*.deb bird
	is_bird16 bird/usr/sbin/bird || die "the fetched BIRD does not run here"
	mkdir -p "$cache"
	# In one step, so that nobody finds half of it.
	rm -rf "$cache/bird.$$"
	mv bird "$cache/bird.$$"
	mv -T "$cache/bird.$$" "$cache/bird" 2>/dev/null || rm -rf "$cache/bird.$$"
	echo "$found"
}

# NAME FLAGS SOURCE...: named after its sources as well, as several trees may share the cache.
compile() {
	local name=$1 flags=$2 sum found

	shift 2
	sum=$(cd "$source_dir" && cat "$@" ./*.h | cksum)
	found=$cache/$name-${sum%% *}
	if [ ! -x "$found" ]; then
		mkdir -p "$cache"
		# shellcheck disable=SC2086 # a list
		(cd "$source_dir" && "${CC:-cc}" -O2 -Wall $flags -o "$found.$$" "$@") >&2
		mv "$found.$$" "$found"
	fi
	echo "$found"
}

get_labtool() { compile labtool '' labtool.c labbpf.c labserve.c labroute.c labbgp.c; }
get_krt_tunnel() { compile krt_tunnel.so '-shared -fPIC -ldl' krt_tunnel.c; }

case ${1:-all} in
bird | labtool | krt_tunnel) "get_$1" ;;
all) get_bird && get_labtool && get_krt_tunnel ;;
*) die "usage: lab-deps.sh [bird|labtool|krt_tunnel]" ;;
esac
