#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/pkg/deb.sh [PROGRAM]: .output/pkg/calitrace_VERSION_ARCH.deb of what "make" built, with what
# "make install" installs, and lintian on it if that is here. "make deb" calls it. Needs dpkg-dev, no
# root. The same tree gives the same bytes: times are those of the last commit.

set -euo pipefail

cd "$(dirname "$0")/../.."
program=${1:-calitrace}
out=.output/pkg
version=$(tools/version.sh)
# Debian's order: 0.1 < 0.1+gabc1234; a hyphen would be a packaging revision
version=${version//-/+}
# A date that the tree has: of the commit, else of its changelog
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) ||
		SOURCE_DATE_EPOCH=$(date -u -d "$(sed -nE 's/^## .* ([0-9]{4}-[0-9-]{5})$/\1/p' CHANGELOG.md | head -n 1)" +%s)
fi
export SOURCE_DATE_EPOCH

die() { echo "deb.sh: $*" >&2; exit 1; }
for tool in dpkg-deb dpkg-shlibdeps objcopy; do
	command -v $tool >/dev/null || die "no $tool: apt-get install dpkg-dev binutils"
done
arch=$(dpkg --print-architecture)

maintainer="${DEBFULLNAME:-calitrace maintainers} <${DEBEMAIL:-calitrace@localhost}>"
root=$PWD/$out/root
doc=$root/usr/share/doc/calitrace
rm -rf "$root"
# Those of the package are the same whatever the caller's are.
umask 022
mkdir -p "$root/DEBIAN" "$doc" "$out/debian"
make -s install DESTDIR="$root" PREFIX=/usr >/dev/null
cmp -s "$program" "$root/usr/bin/calitrace" || die "make install installed something else than $program"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/calitrace"
find "$root/usr/share/man" -type f -exec gzip -9n {} +

install -m 644 README.md SECURITY.md CHANGELOG.md "$doc/"
[ ! -e tools/k8s ] || cp -r --no-preserve=mode,timestamps tools/k8s "$doc/k8s"
[ ! -e tools/logs ] || cp -r --no-preserve=mode,timestamps tools/logs "$doc/logs"
find "$doc" \( -name '*.sh' -o -name kubectl-calitrace \) -exec chmod 755 {} +
gzip -9n >"$doc/changelog.gz" <<-EOF
	calitrace ($version) unstable; urgency=medium

	  * What changed is in CHANGELOG.md.

	 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
EOF
install -m 644 tools/pkg/copyright "$doc/copyright"
mkdir -p "$root/usr/share/lintian/overrides"
install -m 644 tools/pkg/lintian-overrides "$root/usr/share/lintian/overrides/calitrace"

# What it is linked with, as packages of this release
cat >"$out/debian/control" <<-EOF
	Source: calitrace
	Package: calitrace
	Architecture: $arch
EOF
depends=$(cd "$out" && dpkg-shlibdeps -O "root/usr/bin/calitrace" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || die "dpkg-shlibdeps does not tell the libraries' packages"

size=$(find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%k\n' | awk '{ s += $1 } END { print s }')
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@DEPENDS@/$depends/; s/@SIZE@/$size/; s/@MAINTAINER@/$maintainer/" tools/pkg/control >"$root/DEBIAN/control"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
deb=$out/calitrace_${version}_$arch.deb
rm -f "$out"/calitrace_*.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
echo "$deb"
if command -v lintian >/dev/null; then
	lintian --fail-on error,warning --allow-root "$deb"
else
	echo "deb.sh: not checked: no lintian here" >&2
fi
