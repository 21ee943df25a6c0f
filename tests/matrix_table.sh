#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The results of tests/matrix as a table in tests/README.md: tests/matrix_table.sh DIR
#
# A row for each fault, a column for each kernel with both starts, then the totals and the
# reasons of what was skipped.

set -euo pipefail

cd "$(dirname "$0")/.."
dir=$1 readme=tests/README.md
begin='<!-- matrix: written by tests/matrix --table -->' end='<!-- end of the matrix -->'

declare -A cell=() verdict=() total=()
kernels=() rows=() reasons=()

read_results() {
	local kernel start fault result why file

	for kernel in native $(sed -E '/^(#|$)/d; s/[[:space:]].*//' tests/vm/kernels); do
		kernels+=("$kernel")
		for start in before late; do
			file=$dir/$kernel-$start.tsv
			[ -e "$file" ] || continue
			while IFS=$'\t' read -r fault result _ _ why; do
				cell[$kernel $start $fault]=$result
				total[$kernel $start $result]=$((${total[$kernel $start $result]:-0} + 1))
				[ "$result" != skip ] || reasons+=("$fault on $kernel: $why")
			done <"$file"
		done
	done
}

read_table() {
	local word name rest

	rows=(healthy)
	verdict[healthy]='no problem'
	while read -r word name rest; do
		case $word in
		fault) rows+=("$name") && fault=$name ;;
		hit)
			read -r _ _ rest _ <<<"$rest"
			[[ ", ${verdict[$fault]:-}," == *", $rest,"* ]] || verdict[$fault]+=${verdict[$fault]:+, }$rest
			;;
		esac
	done <tests/faults/verdicts
}

line() { local IFS='|'; echo "|$*|"; }

table() {
	local kernel start fault cells

	cells=(' fault ' ' verdict ')
	for kernel in "${kernels[@]}"; do cells+=(" $kernel "); done
	line "${cells[@]}"
	cells=(--- ---)
	for kernel in "${kernels[@]}"; do cells+=(---); done
	line "${cells[@]}"
	for fault in "${rows[@]}"; do
		cells=(" $fault " " ${verdict[$fault]:-no problem} ")
		for kernel in "${kernels[@]}"; do
			cells+=(" ${cell[$kernel before $fault]:-·} ${cell[$kernel late $fault]:-·} ")
		done
		line "${cells[@]}"
	done
	cells=(' **passed, failed, skipped** ' '')
	for kernel in "${kernels[@]}"; do
		rest=' '
		for start in before late; do
			rest+="${total[$kernel $start ok]:-0}, ${total[$kernel $start FAIL]:-0}, ${total[$kernel $start skip]:-0}; "
		done
		cells+=("${rest%; } ")
	done
	line "${cells[@]}"
}

# How many problems and findings healthy traffic gave, by the traces themselves
false_alarms() {
	cat "$dir"/*/healthy.*.json 2>/dev/null |
		jq -rn '[inputs | select((.type == "packet" and .verdict != "sent" and .verdict != "delivered") or .type == "finding")] | length'
}

section() {
	local kernel list=() seen

	echo "$begin"
	echo
	for kernel in "${kernels[@]}"; do
		[ ! -e "$dir/$kernel.release" ] || list+=("$kernel is $(<"$dir/$kernel.release")")
	done
	(IFS=';' && echo "Each cell: started before the fault, started late. ${list[*]}." | sed 's/;/, /g' | fold -s -w 100 | sed 's/ *$//')
	echo
	table
	echo
	seen=$(cat "$dir"/*/healthy.*.json 2>/dev/null | jq -n '[inputs | select(.type == "summary") | .seen] | add // 0')
	echo "Healthy traffic: $seen packets, $(false_alarms) false alarms. Last run: $(cat "$dir"/*.date | sort | tail -n 1)."
	echo
	if [ ${#reasons[@]} -gt 0 ]; then
		echo 'Skipped:'
		echo
		printf -- '- %s\n' "${reasons[@]}" | sort -u
		echo
	fi
	echo "$end"
}

read_results
read_table
section >"$dir/table.md"
if grep -qF "$begin" "$readme"; then
	sed -i -e "\\|^$end\$|{r $dir/table.md
d}" -e "\\|^$begin\$|,\\|^$end\$|{\\|^$end\$|!d}" "$readme"
else
	{ echo && cat "$dir/table.md"; } >>"$readme"
fi
