# SPDX-License-Identifier: GPL-2.0-only
#
# A scoreboard that has been written, $old, with what was measured since, $new (both Markdown as
# scoreboard.jq writes it): a half of a cell that was not run ("·") stays as it was, and how many are
# right, wrong, ... is counted again. Rows of times are those of whole units, and stay otherwise.

def pad: "·, ·";
def cells: ltrimstr("| ") | rtrimstr(" |") | split(" | ");
def is_row: startswith("|");
def blocks: reduce split("\n")[] as $line ([]; if ($line | is_row) and (.[-1].table // false) then .[-1].lines += [$line]
	else . + [{table: ($line | is_row), lines: [$line]}] end);
# {head, rows: {key: {column: text}}, order}
def table: (.lines[0] | cells) as $head | [.lines[2:][] | cells] as $rows
	| {head: $head, order: [$rows[][0]], rows: ($rows | map({key: .[0], value: ([$head, .] | transpose | map({key: .[0], value: .[1]}) | from_entries)}) | from_entries)};
def halves: (. // pad) | split(", ") | if length == 2 then . else ["·", "·"] end;
def newer($old): [halves, ($old | halves)] | transpose | map(if .[0] == "·" then .[1] else .[0] end) | join(", ");
def union($b): . as $a | $a + [$b[] | select(. as $x | $a | index([$x]) | not)];
# A row of sums or times, not of a fault
def is_sum: test("^(\\*\\*|the same|by silence)");
def is_words: IN("verdict", "cause");
# Rows stand as in the longer one; what only the other has comes behind them.
def merge_rows($old): . as $new | ($old.head | union($new.head)) as $head
	| ($new.order | map(select(is_sum | not))) as $faults
	| ($old.order | map(select(is_sum))) as $sums
	| {head: $head, order: (if $head[0] == "lab" then $faults | union($old.order) | sort
		else ([$old.order - $sums, $faults] | max_by(length) as $most | $most | union($old.order - $sums) | union($faults)) +
			($sums | union($new.order - $faults)) end)}
	| .rows = reduce .order[] as $key ({}; .[$key] = reduce $head[1:][] as $col ({};
		.[$col] = ($new.rows[$key][$col] as $n | $old.rows[$key][$col] as $o
			| if $col | is_words then (if ($n // "-") == "-" then $o // "-" else $n end) else $n | newer($o) end)));

# What a cell of the kernels' table says
def grade_of: if . == "·" or . == "–" then "" elif test("\\*\\*wrong") then "wrong" elif test("\\*\\*missed") then "missed"
	elif test("^(short|nameless|unknown|quiet)") then split(" ")[0] else "right" end;
def grades: ["right", "nameless", "short", "unknown", "missed", "wrong"];
def counted: . as $t | reduce (grades[] | select($t.rows["**\(.)**"])) as $g ($t; reduce ($t.head[] | select(is_words | not) | select(. != "fault")) as $col (.;
	.rows["**\($g)**"][$col] = ([0, 1] | map(. as $half | [$t.order[] | select(is_sum | not)
		| $t.rows[.][$col] | halves[$half] | select(grade_of == $g)] | length) | map(tostring) | join(", "))));
def text: . as $t | "| \($t.head | join(" | ")) |", "| \($t.head | map("---") | join(" | ")) |",
	($t.order[] as $k | "| \([$k] + [$t.head[1:][] as $c | $t.rows[$k][$c] | if ($k | is_sum) and ($c | is_words) then "" else . end] | join(" | ")) |");
def tables: [.[] | select(.table) | table];
def releases($old): (capture("^Kernels: (?<list>.*)\\. Date: (?<date>.*)\\.$")) as $n | ($old | capture("^Kernels: (?<list>.*)\\. Date: ").list) as $o
	| def map_of: split(", ") | map(split(" is ") | {key: .[0], value: .[1]}) | from_entries;
	($o | map_of) + ($n.list | map_of | with_entries(select(.value != "?"))) | to_entries | map("\(.key) is \(.value)") | join(", ")
	| "Kernels: \(.). Date: \($n.date).";

($old | rtrimstr("\n") | blocks) as $o | ($new | rtrimstr("\n") | blocks) as $n | ($o | tables) as $ot | ($n | tables) as $nt
| ($o[] | select(.lines[0] | startswith("Kernels:")) | .lines[0]) as $was
| foreach $o[] as $b (-1; if $b.table then . + 1 else . end;
	if $b.table | not then ($b.lines[0] | if startswith("Kernels:") then
			(first($n[] | select(.lines[0] | startswith("Kernels:")) | .lines[0]) // $was | releases($was)) else . end)
	else . as $i | first(($nt[] | select(.head[0] == $ot[$i].head[0])), {head: [$ot[$i].head[0]], rows: {}, order: []}) | merge_rows($ot[$i]) | counted | text end)
