# SPDX-License-Identifier: GPL-2.0-only
#
# What one node says of one entry of the table tests/faults/checks.
#
# Variables: $table (the text), $lab and $fault (which entry; "healthy" for a lab without a
# fault), $node, $what: "check" or "strict", with all lines of calitrace check [--strict] as
# input in one array and $status, its exit status; or "chain", with those of calitrace live, and
# $start. Output: the complaints, one string each; none if all is well.

def words: [splits("[ \t]+") | select(. != "")];
def either: split("|");
def is_one_of($list): . as $w | $list | any(. == $w or . == "*");

def new_entry: {checks: [], may: [], exits: [], chains: [], out: []};
def add_line($w):
	if $w[0] == "check" then
		.checks += [{node: $w[1], names: ($w[2] | either), states: ($w[3] | either), causes: ($w[4] | either)}]
	elif $w[0] == "may" then .may += [{node: $w[1], names: ($w[2] | either)}]
	elif $w[0] == "exit" then .exits += [{node: $w[1], status: ($w[2] | tonumber)}]
	elif $w[0] == "chain" then
		.chains += [{node: $w[1], start: $w[2], verdicts: ($w[3] | either), causes: ($w[4] | split(","))}]
	elif $w[0] == "-" then .out += [$w[1]]
	else error("no such line: " + ($w | join(" "))) end;

# {names, entries: {LAB: {FAULT: entry}}}
def parsed:
	reduce ($table | split("\n")[] | select(test("^[ \t]*(#|$)") | not) | words) as $w ({};
		if $w[0] == "names" then .names = $w[1:]
		elif $w[0] == "lab" then .lab = $w[1]
		elif $w[0] == "big" then .
		elif $w[0] == "fault" then .fault = $w[1] | .entries[.lab][.fault] = new_entry
		else .entries[.lab][.fault] |= add_line($w) end);

def said: "\(.name) \(.state) \(.cause // "-"): \(.explain // "-")";

# ---- one record ----

def states: ["ok", "warn", "problem", "unknown"];
def well_formed:
	if .name == null or .state == null or .node == null or .ts == null or .v != 1 then
		"expected name, state, node, ts and v 1, saw \(tojson)"
	elif (.state | is_one_of(states)) | not then "expected a state, saw \(said)"
	elif .state == "ok" and .cause != null then "expected no cause of what is ok, saw \(said)"
	elif (.state == "warn" or .state == "problem") and (.cause == null or .explain == null or .explain == "") then
		"expected a cause and an explanation, saw \(said)"
	elif .state == "problem" and ((.evidence // []) | length) == 0 then
		"expected evidence, saw none for \(said)"
	elif .node != $node then "expected records of \($node), saw one of \(.node)"
	else empty end;

# ---- what is expected, and what must not be ----

def matches($c): (.name | is_one_of($c.names)) and (.state | is_one_of($c.states)) and
	((.cause // "unknown") | is_one_of($c.causes));

def missed($all; $checks): [$checks[] | . as $c | select($all | any(matches($c)) | not)];
def missing($all; $checks):
	missed($all; $checks)[] as $c |
	"expected \($c.names | join("|")) to be \($c.states | join("|")) by \($c.causes | join("|")), saw " +
	([$all[] | select(.name | is_one_of($c.names)) | said] | if length == 0 then "none" else join("; ") end);

def excess($all; $entry):
	$all[] | select(.state != "ok") | . as $r |
	select($entry.checks | any(. as $c | $r | matches($c)) | not) |
	select($entry.may + missed($all; $entry.checks) | any(. as $m | $r.name | is_one_of($m.names)) | not) |
	"expected \(.name) to be ok, saw \(said)";

def needed: ["routes", "bgp", "tunnel", "sysctl"];
def status_of($all):
	if $all | any(.state == "problem" or ($what == "strict" and .state == "warn")) then 1
	elif $all | any(.state == "unknown" and (.name | is_one_of(needed))) then 3
	else 0 end;
def wrong_status($all; $entry):
	status_of($all) as $due |
	(if $due == 1 and $what == "check" then [1] else [$entry.exits[0].status // $due, $due] end) as $may |
	select($status | is_one_of($may) | not) | "expected exit status \($may[0]), saw \($status)";

def judge_check($names; $entry):
	[.[] | select(.type == "check")] as $all |
	if $all == [] then "expected checks, saw \(length) other lines and exit status \($status)"
	else
		(.[] | select(.type != "check") | "expected checks only, saw a line of type \(.type)"),
		($names - [$all[].name] | .[] | "expected a check \(.), saw none"),
		($all[] | well_formed),
		missing($all; $entry.checks),
		excess($all; $entry),
		wrong_status($all; $entry)
	end;

# ---- findings ----

# The last revision of each
def findings: [.[] | select(.type == "finding")] | group_by(.id) | map(max_by(.rev));
def chain: [.because[]?.cause];
def judge_chain($entry):
	findings as $all | $entry.chains[] | select(.start == $start) | . as $c |
	select($all | any((.verdict | is_one_of($c.verdicts)) and ($c.causes - chain == [])) | not) |
	"expected a finding \($c.verdicts | join("|")) because of \($c.causes | join(",")), saw " +
	([$all[] | "\(.verdict) because of \(chain | join(","))"] | if length == 0 then "none" else join("; ") end);

parsed as $p |
($p.entries[$lab][$fault] // new_entry) as $entry |
($entry | .checks |= map(select(.node == $node)) | .may |= map(select(.node == $node)) |
	.exits |= map(select(.node == $node)) | .chains |= map(select(.node == $node))) as $mine |
if $what == "chain" then judge_chain($mine)
elif $entry.out | index($node) then empty
else judge_check($p.names; $mine) end
