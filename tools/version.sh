#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The version of this tree, one word:
#
#   v1.2-3-gabc1234[-dirty]   git describe, in a clone that has a tag; without the v
#   0.1-gabc1234[-dirty]      in a clone without one: what VERSION says, and the commit
#   the same without -dirty   in what "git archive" made, which fills in the line below
#   0.1                       anywhere else

set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck disable=SC2016 # git's own syntax, see .gitattributes
described='$Format:%(describe:tags)$' commit='$Format:%h$'
base=$(cat VERSION)

# A tarball that was unpacked somewhere below a clone is none of that clone's business.
own_clone() { [ -e .git ] && [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; }

dirty() { git diff-index --quiet HEAD -- || echo -dirty; }

if own_clone && commit=$(git rev-parse --short=7 HEAD 2>/dev/null); then
	version=$(git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null) || version=$base-g$commit$(dirty)
elif [[ $commit == *Format* ]]; then
	version=$base
# a git before 2.32 does not know %(describe)
elif [[ $described == v[0-9]* ]]; then
	version=$described
else
	version=$base-g${commit::7}
fi
version=${version#v}
# It becomes part of a C string, of file names, and of a package's version.
[[ $version =~ ^[0-9][0-9A-Za-z.+~-]*$ ]] || version=$base
echo "$version"
