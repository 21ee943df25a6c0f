# SPDX-License-Identifier: GPL-2.0-only
#
# The scoreboard, from the lines of tests/faults/judge.sh (all in one array): as a table for the
# terminal, or with $markdown=true for a README. $order: the names of the faults, a line each.

# The last run of each counts.
(map({key: "\(.label) \(.fault) \(.start)", value: .}) | from_entries | [.[]]) as $all |
([$order | split("\n")[] | select(. != "")] + [$all[].fault] | reduce .[] as $f ([]; if index($f) then . else . + [$f] end)) as $faults |
($all | map(.label) | unique | sort_by(if . == "native" then [] else split(".") | map(tonumber? // 99) end)) as $labels |

def grades: ["wrong", "missed", "unknown", "short", "nameless", "right"];
def badness: . as $g | grades | index($g);

# The finding that tells the fault: the worst one, and of these what does not tell by silence alone
def teller:
	[.nodes[]? | .node as $node | .findings[] | select(.grade) | . + {node: $node}] |
	sort_by([(.grade | badness), .verdict == "unanswered", .found_ms // 1e9]) | first // {};
def grade:
	if .result == "skip" then "skip"
	elif [.nodes[]?.missed[]] != [] then "missed"
	elif (.nodes | length) == 0 then "missed"
	else teller.grade // "-" end;
def rows: [$all[] | . + {grade: grade, told: teller, alarms: ([.nodes[]?.alarms] | add // 0)}];
def place: .fault as $f | $faults | index($f);
rows as $rows |

def ms: if . == null then "-" elif . < 1000 then "\(. | round) ms" else "\(. / 100 | round / 10) s" end;
def sure: .cause as $cause | first(.because[]? | select(.[0] == $cause) | .[1]) // "-";
def chain: [.because[]? | .[0]] | if length > 1 then join(" > ") else "-" end;

def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def times($key): [.[].nodes[]?.findings[] | select(.grade and .[$key] != null and (.verdict != "unanswered")) | .[$key]];
def silent($key): [.[].nodes[]?.findings[] | select(.grade and .[$key] != null and (.verdict == "unanswered")) | .[$key]];
def spread: "median \(median | ms), longest \(max | ms)";
# Of the runs that have a root to tell: how many of each grade
def counted: map(select(.grade | badness != null)) | . as $due |
	"\($due | length) faults: " + ([grades | reverse[] | . as $g | "\([$due[] | select(.grade == $g)] | length) \($g)"] | join(", "));
def over: [.[] | . as $r | .nodes[]? | .node as $node | .findings[] | select(.grade and (.found_ms // 0) > .limit_ms) |
	"\($r.label) \($r.fault), started \($r.start): \(.verdict) on \($node) after \(.found_ms | ms), the limit is \(.limit_ms | ms)"];
# Lines of the table of roots that may lose these words: right in each run
def ready: [.[] | . as $r | .nodes[]? | .node as $node | .findings[] | select(.open or .known) |
	{name: "\($r.fault | sub("@.*"; "")) \($node) \(.verdict)", right: (.grade == "right")}] |
	group_by(.name) | map(select(all(.[]; .right)) | .[0].name);

# ---- for the terminal ----

def pad($n): . + " " * ([$n - length, 0] | max) ;
def line($widths): [., $widths] | transpose | map(.[1] as $n | .[0] | pad($n // 0)) | join("  ") | sub(" +$"; "");
def cells: [.fault, .start, (.told.node // "-"), (.told.verdict // "-"), (.told.cause // "-"), (.told | sure), (.told.found_ms | ms),
	(if .grade == "right" then .told.root_ms | ms else "-" end), "\(.alarms)", .grade, .result, (.told | chain)];
def table($mine):
	([["fault", "start", "node", "verdict", "cause", "confidence", "found", "cause", "alarms", "grade", "judge", "chain"]] +
		[$mine | sort_by([place, .start])[] | select(.result != "skip") | cells]) as $lines |
	($lines | transpose | map(map(length) | max)) as $widths |
	$lines[] | line($widths);
def totals($mine):
	($mine | map(select(.result != "skip"))) as $run |
	"roots, \($run | counted)",
	"false alarms: \([$run[].alarms] | add // 0); judged: \([$run[] | select(.result == "ok")] | length) ok, \([$run[] | select(.result == "FAIL")] | length) FAIL, \($mine | length - ($run | length)) skipped",
	"from the first loss to its finding: \($run | times("found_ms") | spread); by silence: \($run | silent("found_ms") | spread)",
	"to the right cause: \($run | map(select(.grade == "right")) | times("root_ms") | spread)",
	($run | over[] | "over the limit: \(.)"),
	($run | ready | if length > 0 then "open in tests/faults/roots, and right here: \(join("; "))" else empty end);
def terminal: $labels[] as $l | [$rows[] | select(.label == $l)] | . as $mine |
	"", "== \($l), Linux \([$mine[].kernel | select(. != "")][0] // "?")", table($mine), totals($mine);

# ---- for a README ----

def cell:
	if . == null then "·" elif .result == "skip" then "–"
	else (if .grade == "right" then (.told | sure | if . == "certain" then "" else "\(.) " end) + (.told.root_ms | ms)
		elif .grade == "wrong" or .grade == "missed" then "**\(.grade)**"
		elif .grade == "-" then "quiet" else .grade end) +
		(if .alarms > 0 then " **\(.alarms) false**" else "" end) + (if .result == "FAIL" then " FAIL" else "" end) end;
def row: "|" + (map(" \(.) ") | join("|")) + "|";
def seen_verdict: [.[] | .told.verdict // empty] | first // "-";
def seen_root: [.[].told | select(.cause and .grade == "right") | .because | map(.[0]) | join(" > ")] | group_by(.) | max_by(length) | first // "-";
# The usual lab on each kernel; other labs (tests/faults/variants), whose name stands behind a "+"
($labels | map(select(contains("+") | not))) as $kernels |
($labels - $kernels) as $variants |
# Sums are told of units that were run, not of a few of their faults
def is_unit: length * 3 >= ($order | split("\n") | length) * 2;
def pair($l; f): [("before", "late") as $s | [$rows[] | select(.label == $l and .start == $s)] | if is_unit then f else "·" end] | join(", ");
def markdown_rows:
	$faults[] as $f | [$rows[] | select(.fault == $f and (.label | IN($kernels[])))] | select(length > 0) | . as $mine |
	[$f, seen_verdict, seen_root] +
	[$kernels[] as $l | [("before", "late") as $s | first($mine[] | select(.label == $l and .start == $s)) // null | cell] | join(", ")] | row;
def sums(f): [$kernels[] as $l | pair($l; f)];
def of_grade($g): [.[] | select(.grade == $g)] | length;
def variant_rows:
	(["lab"] + (grades | reverse) + ["false alarms", "first loss to finding, median", "longest"] | row),
	(["---"] + [range((grades | length) + 3) | "---"] | row),
	($variants[] as $l | [$l] + [grades | reverse[] | . as $g | pair($l; of_grade($g))] +
		[pair($l; [.[].alarms] | add // 0), pair($l; times("found_ms") | median | ms), pair($l; times("found_ms") | max | ms)] | row);
def releases: [$kernels[] as $l | "\($l) is \([$rows[] | select(.label == $l) | .kernel | select(. != "")][0] // "?")"] | join(", ");
def markdown:
	"Each cell: the time from the first lost packet to the right cause, by a tracer that was started before the",
	"fault, and by one that was started after it, with *likely* where it is not certain; or what was told in",
	"its place: *short* is true, but not the root, *nameless* is a fault that has a verdict and no name for its",
	"cause, *quiet* has nothing wrong to tell, – is a fault that this kernel cannot have, · was not run.",
	"",
	"Kernels: \(releases). Date: \([$rows[].date] | max).",
	"",
	(["fault", "verdict", "cause"] + $kernels | row),
	(["---", "---", "---"] + ($kernels | map("---")) | row),
	markdown_rows,
	(grades | reverse[] | . as $g | ["**\($g)**", "", ""] + sums(of_grade($g)) | row),
	(["**false alarms**", "", ""] + sums([.[].alarms] | add // 0) | row),
	(["**first loss to finding**, median", "", ""] + sums(times("found_ms") | median | ms) | row),
	(["the same, longest", "", ""] + sums(times("found_ms") | max | ms) | row),
	(["by silence alone, longest", "", ""] + sums(silent("found_ms") | max | ms) | row),
	(["**first loss to right cause**, longest", "", ""] + sums(map(select(.grade == "right")) | times("root_ms") | max | ms) | row),
	if $variants == [] then empty else
		"",
		"The same set in other labs (`tests/faults/variants`: addresses, sizes of blocks, encapsulations, what is",
		"missing on the node), natively; how many faults:",
		"",
		variant_rows
	end;

if $markdown then markdown else terminal end
