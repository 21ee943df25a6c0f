#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Write the plain kernel out of a kernel image.
#
#   tools/vm/extract_vmlinux.sh IMAGE OUT
#
# An x86 bzImage holds the kernel compressed behind a loader; any other image,
# such as an arm64 one, is copied as it is.

set -euo pipefail

[ $# -eq 2 ] || { echo "usage: tools/vm/extract_vmlinux.sh IMAGE OUT" >&2; exit 2; }
image=$1
out=$2

# try MAGIC COMMAND...: COMMAND at every place where the bytes MAGIC stand. It
# complains of what follows the kernel, so its status says nothing.
try() {
	local magic=$1 off
	shift

	command -v "$1" >/dev/null || return 1
	while read -r off; do
		tail -c "+$((off + 1))" "$image" | "$@" 2>/dev/null >"$out" || :
		[ "$(head -c 4 "$out" | tail -c 3)" != ELF ] || return 0
	done < <(LC_ALL=C grep -abo -P "$magic" "$image" | cut -d: -f1)
	return 1
}

if [ "$(dd if="$image" bs=1 skip=514 count=4 status=none | tr -d '\0')" != HdrS ]; then
	cp "$image" "$out"
	exit
fi
try '\xfd7zXZ\x00' xz -dc --single-stream ||
	try '\x28\xb5\x2f\xfd' zstd -qdc ||
	try '\x1f\x8b\x08' gzip -dc ||
	{
		rm -f "$out"
		echo "extract_vmlinux.sh: cannot unpack $image: is it compressed with zstd, and zstd missing?" >&2
		exit 1
	}
