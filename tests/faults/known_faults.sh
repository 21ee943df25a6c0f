#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Is every test there that tests/faults/known-faults names? tests/faults/known_faults.sh [FILE]
#
# One line for each that is missing, or for an entry that nothing tests; status 1 if there was any.

set -euo pipefail

cd "$(dirname "$0")/../.."
file=${1:-tests/faults/known-faults}
failed=0 number=0 tests=0 limits=0
seen=' '

complain() {
	echo "$file:$number: $1"
	failed=1
}

# NAME[@ENCAP]: the lab can bring it about, and something says what has to come of it
check_lab() {
	if ! grep -qE "^${1%@*} " tools/lab/catalogue; then
		complain "the lab has no fault ${1%@*}"
	elif [[ $1 == *@* ]]; then
		grep -qE "^fault $1( |$)" tests/faults/verdicts || complain "no verdict for $1"
	else
		grep -qE "^fault $1( |$)" tests/faults/verdicts tests/faults/checks ||
			complain "neither a verdict nor a check for $1"
	fi
}

# FILE FUNCTION: it is there, and it is run
check_unit() {
	local source=tests/unit/$1.c

	if [ ! -e "$source" ]; then
		complain "no such file: $source"
	elif ! grep -qE "^static void $2\(" "$source" || ! grep -qE "cmocka_unit_test(_setup_teardown)?\($2\b" "$source"; then
		complain "$source does not run $2"
	fi
}

end_of_entry() {
	[ -z "${entry:-}" ] || [ $((tests + limits)) -gt 0 ] || complain "nothing tests entry $entry"
	tests=0 limits=0
}

while read -r word first rest; do
	number=$((number + 1))
	case $word in
	'' | '#'*) ;;
	entry)
		end_of_entry
		entry=$first
		[[ $seen != *" $entry "* ]] || complain "entry $entry is there twice"
		seen+="$entry "
		;;
	lab) for name in $first $rest; do check_lab "$name" && tests=$((tests + 1)); done ;;
	unit) for name in $rest; do check_unit "$first" "$name" && tests=$((tests + 1)); done ;;
	limit) limits=1 ;;
	*) complain "no such word: $word" ;;
	esac
done <"$file"
end_of_entry
for entry in {1..12} 14 15 {18..37} {39..42}; do
	[[ $seen == *" $entry "* ]] || complain "entry $entry is missing"
done
exit $failed
