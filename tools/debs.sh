#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packages of Debian or Ubuntu whose programs tests run and that are better not installed, as they start
# services: unpacked into the cache, with their own libraries beside them.
#
#   tools/debs.sh NAME PACKAGE...    print the directory that holds these, fetching them if needed
#
# CALITRACE_CACHE is another place than /var/cache/calitrace.

set -euo pipefail

cache=${CALITRACE_CACHE:-/var/cache/calitrace}
name=$1
shift
found=$cache/debs/$name
if [ ! -d "$found" ]; then
	command -v apt-get >/dev/null || { echo "debs.sh: no apt-get to fetch $* with" >&2 && exit 1; }
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	apt-get -qq -o APT::Sandbox::User=root download "$@" >&2 ||
		{ echo "debs.sh: could not fetch $*" >&2 && exit 1; }
	for deb in *.deb; do dpkg -x "$deb" "$tmp/all"; done
	mkdir -p "$cache/debs"
	rm -rf "$found.$$"
	mv "$tmp/all" "$found.$$"
	# In one step, so that nobody finds half of it.
	mv -T "$found.$$" "$found" 2>/dev/null || rm -rf "$found.$$"
fi
echo "$found"
