#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is committed, built twice from nothing: in other directories, on other days, in another language, with other
# rights of new files. The static program and the package are the same octets (the program that make leaves has debug
# information, and so the directory that it was built in). tests/pkg/reproducible.sh DIR
#
# It takes as long as two builds, so it is on demand: tests/run reproducible. pkg.sh does so with some parts.

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

rm -rf "$1"
mkdir -p "$1"
out=$(cd "$1" && pwd -P)
cd "$root"
trap 'rm -rf "$out/one" "$out/two"' EXIT
commit=$(git rev-parse HEAD 2>/dev/null) || commit=
# no result of an earlier compilation
export CCACHE_DISABLE=1

# A tarball that was unpacked is no clone.
tree() {
	if [ -e .git ]; then
		git clone -q --no-checkout "file://$root" "$1" >&2
		git -C "$1" checkout -q --detach "$commit" >&2
	else
		mkdir -p "$1"
		find . -mindepth 1 -maxdepth 1 ! -name .output ! -name 'calitrace' ! -name 'calitrace-static*' -exec cp -r {} "$1" \;
	fi
}

# built DIR COMMAND...: all that is given to others, made in DIR by COMMAND
built() {
	local dir=$1

	shift
	tree "$dir"
	(cd "$dir" && "$@" make -s -j2 all static && "$@" make -s deb) >"$dir.log" 2>&1 ||
		echo "expected make to succeed in $dir, saw $(grep -v warning "$dir.log" | tail -n 1)"
}

other_day=(env)
! command -v faketime >/dev/null || other_day=(faketime -f +400d env)
here() { built "$out/one" env; }
there() { (umask 077 && built "$out/two/with a blank/and quite a long way down" "${other_day[@]}" TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nonexistent); }

same() {
	local one two

	one=$(cd "$out/one" && find . -maxdepth 3 -path "./$1" -type f)
	two=$(cd "$out/two/with a blank/and quite a long way down" && find . -maxdepth 3 -path "./$1" -type f)
	if [ -z "$one" ] || [ "$one" != "$two" ]; then
		echo "expected one $1 in both, saw '$one' and '$two'"
		return
	fi
	cmp "$out/one/$one" "$out/two/with a blank/and quite a long way down/$one" 2>&1 || :
	sha256sum "$out/one/$one" >&2
}

check 'built in one place' here
check 'built in another, later' there
check 'the same static program' same calitrace-static
check 'the same package' same '.output/pkg/calitrace_*.deb'
