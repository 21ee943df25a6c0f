# SPDX-License-Identifier: GPL-2.0-only
#
# What one tracer has to say of one fault of the table tests/faults/verdicts, and that it says
# nothing else.
#
# Input: all records of the trace in one array. Variables: $table (the text), $lab
# (tests/lib.sh, lab_json), $run: {fault, node, mode: before|late, status, kernel, phases:
# [{name, from}]}, $roots (the text of tests/faults/roots), $in_time (it was no
# emulated machine: what was promised of time can be asked for). Output, a word and a tab before each:
#   complaint  what is wrong, none if all is well
#   saw        the verdicts that are problems, for the table of results
#   score      an object for the scoreboard: see "the score"

# ---- the table ----

def words: [splits("[ \t]+") | select(. != "")];
def pairs: map(capture("^(?<key>[^=]+)(=(?<value>.*))?$") | .value //= "yes") | from_entries;
def entries($name):
	[$table | split("\n")[] | select(test("^[ \t]*(#|$)") | not) | words] |
	reduce .[] as $w ({on: false, hits: [], finds: [], words: null};
		if $w[0] == "fault" then .on = ($w[1] == $name) | if .on then .words = ($w[2:] | pairs) else . end
		elif .on | not then .
		elif $w[0] == "hit" then
			.hits += [{node: $w[1], kind: $w[2], classes: ($w[3] | split(",")), verdict: $w[4], key: ($w[5:] | pairs)}]
		elif $w[0] == "find" then
			.finds += [{node: $w[1], verdict: $w[2], causes: (($w[3] // "unknown") | split("|"))}]
		else error("no such line: " + ($w | join(" "))) end) |
	if .words == null then error("not in the table: " + $name) else . end;

def base: ["icmp:pod:dns", "dns:pod:dns", "dns:pod:svc", "icmp:host:dns", "dns:host:svc", "icmp:pod:far"];
def special: test("^(big|martian|slow|spoof|lent|port|uplink):");
def atoms: [split(",")[] | if . == "base" then base[] else . end];

# An atom as it is on the wire
def wire:
	split(":") | if .[0] == "martian" then ["icmp", "host", .[2]]
	elif .[0] == "slow" or .[0] == "port" then .[0] = "dns"
	elif .[0] == "spoof" then ["icmp", "spoofed", .[2]]
	elif .[0] == "lent" then .[0] = "icmp"
	elif .[0] == "uplink" then (.[0] = "icmp"), (.[0] = "dns")
	else . end | join(":");
def packets_of: {icmp: [2, 2], big: [2, 2], dns: [1, 1], dnst: [1, 6]}[split(":")[0]];

# The lines of the fault's own name, or else those of the fault in any lab
def root_lines($name): [$roots | split("\n")[] | select(test("^[ \t]*(#|$)") | not) | words | select(.[0] == $name)];
def root_entries:
	(root_lines($run.fault) | if length == 0 then root_lines($run.fault | sub("@.*"; "")) else . end) |
	map({node: .[1], verdict: .[2], key: (.[4:] | pairs), causes: (.[3] | split("|"))} |
		.not = (.key.not // "" | split("|")) |
		.open = (.key.open | . == "yes" or . == $run.mode) | .known = (.key.known | . == "yes" or . == $run.mode) |
		select(.node == $run.node));

(if $run.fault == "healthy" then {words: {}, hits: [], finds: []} else entries($run.fault) end) as $fault |
root_entries as $asked |
($fault.words.traffic // "base" | atoms) as $broken |
($fault.words.healed // "" | if . == "" then $broken | map(select(special | not)) else atoms end) as $healed |

# ---- addresses ----

def number: split(".") | map(tonumber) | .[0] * 16777216 + .[1] * 65536 + .[2] * 256 + .[3];
def in_net($cidr):
	($cidr | split("/")) as [$base, $len] | pow(2; 32 - ($len | tonumber)) as $size |
	(number / $size | floor) == (($base | number) / $size | floor);
def block_of: . as $a | if $a == null then null else first($lab.block[] | select(. as $b | $a | in_net($b))) // null end;

def client_node: "k8s02";
def server_node: "k8s01";
def target_name:
	. as $a | if $a == $lab.service then "svc" elif $a == $lab.ip[client_node] then "node" elif $a == $lab.client then "client"
	else first($lab.target | to_entries[] | select(.value == $a) | .key) // null end;
def who:
	if . == $lab.client then "pod" elif . == $lab.target.dns then "dnspod" elif . == $lab.p2 then "p2"
	# A packet that was never born has no source yet.
	elif . == $lab.target["dead-remote"] then "spoofed" elif . != null and . == $lab.target.stale then "borrower"
	elif . == null or . == $lab.ip[client_node] or . == $lab.tunnel_ip[client_node] then "host"
	else null end;

# ---- records ----

def app:
	if .l4 == "icmp" then
		if .icmp.type != null and .icmp.type != 8 and .icmp.type != 0 then "error"
		elif (.len // 0) > 1000 then "big" else "icmp" end
	# A local sender that fails has no packet yet: who it is says more than its port.
	elif .at == "fib" and .comm == "ping" then "icmp"
	elif .app == "dns" then if .l4 == "tcp" then "dnst" else "dns" end
	else .app end;

def asked($app): [$app, (.src | who), if .orig_dst == $lab.service then "svc" else .dst | target_name end];
def answered($app): [$app, (.dst | who), (.src | target_name | if . == "svc" then "dns" else . end)];
def known: all(. != null);
# Echo requests say themselves what they are; of the rest, pods on k8s02 and the node do the asking.
def is_request:
	if .icmp.type == 8 then true elif .icmp.type == 0 then false
	else (.src | who | . == "pod" or . == "host") and
		(.orig_dst == $lab.service or (.dst | target_name | . != null and . != "client")) end;

# {kind, class} by who talks to whom; class null for what nobody sent
def classed:
	app as $app |
	if $app == "error" then {kind: "error", class: null}
	elif is_request and (asked($app) | known) then {kind: "request", class: (asked($app) | join(":"))}
	elif (is_request | not) and (answered($app) | known) then {kind: "reply", class: (answered($app) | join(":"))}
	else {kind: "stray", class: null} end;

def good: . == "sent" or . == "delivered";
def latest: group_by(.id) | map(max_by(.rev));
def phase_index: .ts as $ts | last(range($run.phases | length) | select($run.phases[.].from <= $ts)) // -1;

# ---- what is expected: {kind, class, n: [min, max], verdicts: [...], key, why} ----

def match_class($class):
	($class | split(":")) as $c |
	any(.classes[]; split(":") | [., $c] | transpose | all(.[0] == "*" or .[0] == .[1]));
# Between k8s01 and k8s02: then the host's packets have its own address, and replies need no block's
# route to find it.
def no_tunnel: $lab.encap == "none" or $lab.encap == "crosssubnet";
def spared($kind; $class):
	no_tunnel and $kind == "reply" and .verdict == "leaked" and ($class | split(":")[1] == "host");
def hit_of($node; $kind; $class):
	first($fault.hits[] | select(spared($kind; $class) | not) | select(.node == $node and .kind == $kind and match_class($class))) // null;
def passes: .key.on or .verdict == "unanswered" or .verdict == "any";

def home: if split(":")[1] | . == "dnspod" or . == "borrower" then server_node else client_node end;
def goal: split(":")[2] | if . == "dns" or . == "svc" or . == "dead-remote" then server_node elif . == "far" then "k8s03" else client_node end;
def stages($class):
	[$class | home, goal] as [$from, $to] |
	if $from == $to then [[$from, "request"], [$from, "reply"]]
	else [[$from, "request"], [$to, "request"], [$to, "reply"], [$from, "reply"]] end;

# The fate of an exchange at its stages, in order; what is cut off has no entry.
def fates($class; $on):
	stages($class) as $stages |
	[$stages[] | . as [$node, $kind] | if $on then hit_of($node; $kind; $class) else null end] as $hits |
	(first(range($stages | length) | select($hits[.] != null and ($hits[.] | passes | not))) // 99) as $cut |
	range($stages | length) as $i | $stages[$i] as [$node, $kind] |
	if $i > $cut then empty
	elif $hits[$i] then {node: $node, kind: $kind, hit: $hits[$i]}
	elif $i == 0 and ($stages | length) == 4 and ($cut == 1 or $cut == 2) then
		{node: $node, kind: $kind, hit: {verdict: "unanswered", key: {dev: "eth0"}}}
	elif $i > 0 and ([$hits[:$i][] | select(. and .verdict == "unanswered" and (.key.on | not))] | length) > 0 then empty
	else {node: $node, kind: $kind, hit: null} end;

# The service's address is known where it is translated, and not for a host's own answers.
def seen_class($node; $kind): if $node == server_node or $kind == "reply" then sub(":svc$"; ":dns") else . end;

def range_of: if . == null then null else split("-") | map(tonumber) | [.[0], .[-1]] end;
def verdicts_of($node; $kind; $class):
	if .hit == null then
		[if $node == ($class | if $kind == "request" then goal else home end) then "delivered" else "sent" end]
	elif $run.mode == "late" and .hit.key["late-start"] then .hit.key["late-start"] | split("|")
	elif .hit.key.some then .hit.key.some | split("|")
	else .hit.verdict | split("|") end;

# Who sends from the very node, and into no tunnel, is told that the queue is full, and tries again at once.
def again($class): no_tunnel and .hit.verdict == "overload" and ($class | startswith("icmp:host:"));

def expected($i):
	$run.phases[$i].name as $phase |
	[(if $phase == "healed" then $healed else $broken end)[] | {class: wire, special: special}] |
	[.[] | .class as $class | fates($class; $phase == "broken") | select(.node == $run.node) | again($class) as $again |
		{kind, class: (.kind as $k | $class | seen_class($run.node; $k)), verdicts: verdicts_of($run.node; .kind; $class), key: (.hit.key // {}),
		n: ((.hit.key.n | range_of) // ($class | packets_of) | if $again then [.[0], 99] else . end), own_n: (.hit.key.n != null)}] |
	group_by([.kind, .class]) |
	map(.[0] + {n: (if .[0].own_n then .[0].n else map(.n) | transpose | map(add) end),
		also: (map(.verdicts) | add)});

# ---- complaints about packets ----

def brief:
	{id, app, l4, src, dst, orig_dst, verdict, at, dev, nf_hook, in_dev, out_dev, block, block_from,
	route: (.route // {} | {dst, type, gateway} | with_entries(select(.value != null))), encap, comm, errno, reason, location, icmp_error, late_us, netns} |
	with_entries(select(.value != null and .value != {})) | tojson;

def node_netns: $lab.netns[$run.node];
# With crosssubnet the last node is in another subnet, and behind a tunnel.
def crosses: $lab.encap == "crosssubnet" and ([.src, .dst | block_of] | index($lab.block | to_entries | max_by(.key).value));
def dev_is($names; $actual):
	. as $p | any($names | split("|")[];
		if . == "cali" then $actual == $lab.client_dev
		elif . == "dns-cali" then $actual == $lab.dns_dev
		elif . == "tunnel" then $actual == (if no_tunnel and ($p | crosses | not) then "eth0" else $lab.tunnel end)
		elif . == "p2-cali" then $actual == $lab.p2_dev
		elif . == "pod" then $actual == (if $run.node == client_node then $lab.client_dev else $lab.dns_dev end) or
			($actual == "eth0" and $p.netns != node_netns)
		else $actual == . and $p.netns == node_netns end);
def address($name):
	if $name == "wrong" then $lab.wrong else $lab.ip[$name] // $lab.target[$name] // $name end;
# Every key of a hit, as [name, what was expected] if it is not met
def unmet($key):
	. as $p |
	(if .route.type then .route.type else null end) as $type |
	($key | to_entries[] | .key as $k | .value as $v |
		if $k == "dev" then select($p | dev_is($v; .dev) | not)
		elif $k == "in" then select($p | dev_is($v; .in_dev) | not)
		elif $k == "out" then select($p | dev_is($v; .out_dev) | not)
		elif $k == "at" then select($v | split("|") | index($p.at) | not)
		elif $k == "hook" then select($p.nf_hook != $v)
		elif $k == "route.type" then select($type != $v)
		elif $k == "errno" or $k == "comm" then select($p[$k] != $v)
		elif $k == "reason" then select($run.kernel // "" | startswith("5.10.") | not) | select($v | split("|") | index($p.reason) | not)
		elif $k == "location" then select($p.at == "drop") | select(any($v | split("|")[]; . as $l | $p.location // "" | startswith($l)) | not)
		elif $k == "encap" then select(no_tunnel | not) | select($p.encap == null or $p.encap.src != $lab.ip[$run.node])
		elif $k == "encap.dst" then
			select((if no_tunnel then $p.route.gateway else $p.encap.dst end) != address($v))
		elif $k == "late" then select(($p.late_us // 0) < ($v | tonumber))
		elif $k == "n" or $k == "on" or $k == "some" or $k == "icmp" or $k == "late-start" or $k == "block" then empty
		else error("no such key: " + $k) end |
		"\($k) \($v)");

def problem_class($e): ($e.verdicts | all(good) | not);
def bad_packet($e):
	. as $p | (.dst | block_of) as $block |
	if ($e.verdicts[0] == "any") then empty
	elif ($e.verdicts | index($p.verdict) | not) and (($e.also // []) | index($p.verdict) | not) then "verdict \($e.verdicts | join("|"))"
	elif (.verdict | good) and .finding then "no finding"
	elif (.verdict | good | not) and (.finding | not) then "a finding"
	# a borrowed address is a block of its own only where its route was seen
	elif $block and .block != $block and ($e.key.block != "own" or (.block != "\($p.dst)/32" and .block != $lab.block[$run.node])) then "block \($block)"
	elif (.verdict | good) or ($e.key.some and .verdict != $e.verdicts[0]) then empty
	else unmet($e.key) end;

def check_icmp($these; $e):
	($e.key.icmp // "") | capture("^(?<type>[0-9]+)/(?<code>[0-9]+)@(?<from>.*)$") |
	. as $want | address($want.from) as $from |
	if any($these[]; .icmp_error and .icmp_error.type == ($want.type | tonumber) and
		.icmp_error.code == ($want.code | tonumber) and
		(.icmp_error.from | IN($from, $lab.tunnel_ip[$want.from], if $want.from == "dns" then $lab.service else empty end))) then empty
	else "one with icmp_error \($want.type)/\($want.code) from \($from)" end;

def check_class($these; $e; $where):
	"'\($e.kind) \($e.class)' \($where): expected" as $said |
	(if ($these | length) < $e.n[0] or ($these | length) > $e.n[1] then
		"\($said) \($e.n | unique | join(" to ")) (\($e.verdicts | join("|"))), saw \($these | length)" +
		if ($these | length) > 0 then ": \($these | map(brief) | join(" "))" else "" end
	else empty end),
	($these[] | . as $p | [bad_packet($e)] | select(length > 0) | "\($said) \(join(", ")), saw \($p | brief)"),
	(if $e.key.some and ($these | any(.verdict == ($e.verdicts[0])) | not) then
		"\($said) at least one \($e.verdicts[0]), saw \($these | map(.verdict) | unique | join(" "))" else empty end),
	(if $e.key.icmp and ($these | length) > 0 then check_icmp($these; $e) | "\($said) \(.), saw \($these | map(brief) | join(" "))" else empty end);

def check_round($i; $packets):
	"in round \($i + 1) (\($run.phases[$i].name))" as $where |
	expected($i) as $expected |
	[$packets[] | select(phase_index == $i) | . + {c: classed}] as $here |
	($expected[] | . as $e | check_class([$here[] | select(.c.kind == $e.kind and .c.class == $e.class)]; $e; $where)),
	($here[] | . as $p | select($expected | any(.kind == $p.c.kind and .class == $p.c.class) | not) |
		select($p.c.kind != "error" or ($p.verdict | good | not)) | "not expected \($where): \(brief)");

# The same packet under two numbers
def twice($packets):
	$packets | map(select(.at != "fib" and .ip_id != null and .ip_id != 0)) |
	group_by([.src, .dst, .l4, .ip_id, .icmp, .sport, .dport, .dns.id]) | .[] | select(length > 1) |
	"a packet twice: \(map(brief) | join(" "))";

def healthy_packets($packets):
	($packets[] | select(.verdict | good | not) | "not expected over healthy traffic: \(brief)"),
	(if ($packets | length) < 50 then "expected 50 packets or more, saw \($packets | length)" else empty end);

# ---- findings ----

def causes_for($verdict):
	[$fault.finds[] | select(.node == $run.node and .verdict == $verdict) | .causes[]] as $named |
	$named + ["unknown"] + if $verdict == "unanswered" then ["beyond-node"] else [] end;

def finding_brief: del(.explain, .evidence, .advice, .v, .ts, .node) | tojson;
def check_finding($mine; $healed_round):
	. as $f |
	([.because[]?.cause] + [.cause] | unique) as $causes |
	([$mine[] | .dst | block_of | values] | unique) as $blocks |
	(if (.because // [] | length) == 0 then "a cause, if only unknown" else empty end),
	(if (.because // [] | any(.cause == $f.cause) | not) then "the cause among because" else empty end),
	($causes - causes_for($f.verdict) | .[] | "not the cause \(.)"),
	(if .packets != ($mine | length) then "\($mine | length) packets" else empty end),
	(if .verdicts != {(.verdict): ($mine | length)} then "verdicts \({(.verdict): ($mine | length)} | tojson)" else empty end),
	(if (.blocks // [] | sort) != $blocks and
		((any($fault.hits[]; .key.block == "own") and (.blocks == [$lab.block[$run.node]] or .blocks == ([$mine[].dst + "/32"] | unique))) | not) then "blocks \($blocks | join(" "))" else empty end),
	(if .dev and ([$mine[].dev] | index($f.dev) | not) then "a dev that a packet has" else empty end),
	(if (.explain // "") == "" then "an explanation" else empty end),
	(if $fault.words.state == "any" then empty
	 elif $healed_round and .state != "recovered" then "state recovered"
	 elif ($healed_round | not) and .state != "open" then "state open"
	 else empty end) |
	"finding \($f.verdict): expected \(.), saw \($f | finding_brief)";

# Told too early, and taken back; or a fact that never cost a packet
def emptied:
	.verdict as $v | .packets == 0 and
	(any($fault.finds[]; .node == $run.node and .verdict == $v) or
		(.verdict == "unanswered" and .state == "recovered"));

# About answers: no packet was lost
def of_answers: .verdict == "delivered" and any($fault.finds[]; .node == $run.node and .verdict == "delivered");
def check_answers:
	. as $f |
	([.because[]?.cause] - causes_for("delivered") | .[] | "not the cause \(.)"),
	(if (.because // [] | any(.cause == $f.cause) | not) then "the cause among because" else empty end),
	(if .packets < 1 or .verdicts != {delivered: .packets} or .apps != {dns: .packets} then "as many answers everywhere" else empty end),
	(if .blocks or .dev then "neither blocks nor a dev" else empty end) |
	"finding \($f.verdict): expected \(.), saw \($f | finding_brief)";

# One finding for each verdict and block; it may be about several blocks.
def check_findings($all; $packets):
	($all[] | select(of_answers) | check_answers),
	(if any($fault.finds[]; .node == $run.node and .verdict == "delivered") and ($all | any(of_answers) | not) then
		"expected a finding about answers, saw none" else empty end),
	($all | map(select((emptied or of_answers) | not))) as $findings |
	any($run.phases[]; .name == "healed") as $healed_round |
	($packets | map(select(.finding)) | group_by(.finding)) as $problems |
	($problems[] | . as $mine | [$findings[] | select(.id == $mine[0].finding)] |
		if length == 1 then .[0] | check_finding($mine; $healed_round) else "no finding \($mine[0].finding) for \($mine[0] | brief)" end),
	($findings[] | select(.id as $id | $problems | any(.[0].finding == $id) | not) | "not expected: finding \(finding_brief)"),
	($findings | group_by(.verdict)[] | map(.blocks // [""]) | add | select(length != (unique | length)) |
		"expected one finding for each verdict and block, saw \($findings | map(finding_brief) | join(" "))"),
	($packets[] | select(.finding) | . as $p | select($findings | any(.id == $p.finding and .verdict == $p.verdict) | not) |
		"expected a finding of its own verdict, saw \(brief)");

# ---- the rest ----

def check_form:
	if type != "object" then "not an object: \(tojson)"
	elif .v != 1 or (.type | type) != "string" then "without v or type: \(tojson)"
	elif .type != "diff" and .node != $run.node then "expected node \($run.node), saw \(tojson)"
	else empty end;

def check_summary($all; $packets; $findings):
	if length != 1 then "expected one summary, saw \(length)"
	else .[0] |
		($packets | group_by(.verdict) | map({(.[0].verdict): length}) | add // {}) as $verdicts |
		(if .verdicts != $verdicts then "expected the summary's verdicts \($verdicts | tojson), saw \(.verdicts | tojson)" else empty end),
		(if (.findings | sort) != ([$findings[].id] | sort) then "expected the findings \([$findings[].id] | tojson), saw \(.findings | tojson)" else empty end),
		(if .lost != 0 and ($fault.words.blind and (any($all[]; .type == "start" and (.probes | index("tcx"))) | not)) then empty
		elif .lost != 0 or .withheld != 0 then "expected nothing lost or withheld, saw \(.lost) and \(.withheld)" else empty end)
	end;

# ---- the score ----
#
# {node, findings: [{id, verdict, cause, because: [[cause, confidence]...], grade, root, open, known, lies,
# found_ms, root_ms, limit_ms}], missed: [verdicts that should have a finding], alarms: how many
# findings and packets nothing explains}. Grades: right, nameless ("unknown", and the contract has no
# better word), short (true, but not the root), unknown, wrong; null where nobody asks.

def seconds: (.[:19] + "Z" | fromdate) + (.[19:-1] | tonumber);
# When the packet was lost, as far as the tracer knows: where it was seen last
def lost_at: (.ts | seconds) + (.path // [] | map(.dt_ns) | max // 0) / 1e9;

# A packet that the fault accounts for: at some stage of its exchange that is no longer good
def explained:
	phase_index as $i | classed as $c |
	$i >= 0 and $run.phases[$i].name == "broken" and $c.class != null and
	any(fates($c.class; true) | select(.node == $run.node and .kind == $c.kind and .hit != null);
		verdicts_of($run.node; .kind; $c.class) | any(. == "any" or (good | not)));

def root_for: .verdict as $v | first($asked[] | select(.verdict == $v)) // null;
def allowed: root_for as $root | causes_for(.verdict) + ($root.causes // []) - ($root.not // []);
def links: ([.because[]?.cause] + [.cause] | unique);
def grade($revs):
	root_for as $root | .cause as $cause |
	(first(.because[]? | select(.cause == $cause) | .confidence) // "unclear") as $confidence |
	allowed as $allowed |
	if any($revs[]; links - $allowed != []) then "wrong"
	elif $root == null then null
	elif $cause == "unknown" then if $root.causes | index("-") then "nameless" else "unknown" end
	elif ($root.causes | index($cause)) and $confidence != "unclear" then "right"
	else "short" end;

# Where only silence shows it, it takes the reply's timeout and 1 s; else 2 s after the loss, but 1 s
# after the kernel gave a neighbour up.
def limit_ms: {unanswered: 3000, "neigh-failed": 1000}[.verdict] // 2000;
# Since which revision the cause has been right, or, where nothing is, what it is in the end
def root_since($revs):
	([.cause] + (root_for.causes // [])) as $right |
	($revs | map(.cause | IN($right[])) | rindex(false) // -1) as $i | $revs[$i + 1].ts;
def ms_from($lost): (seconds - $lost) * 1000 | if . < 0 then 0 else . * 10 | round / 10 end;

def scored($all; $packets):
	. as $f | ([$all[] | select(.type == "finding" and .id == $f.id)] | sort_by(.rev)) as $revs |
	([$packets[] | select(.finding == $f.id) | lost_at] | min) as $lost |
	{id, verdict, cause, because: [.because[]? | [.cause, .confidence]], grade: grade($revs),
		root: (root_for.causes // []), open: (root_for.open // false), known: (root_for.known // false), limit_ms: limit_ms,
		lies: ([$revs[] | links[]] | unique | . - ($f | allowed))} +
	if $lost then {found_ms: ($revs[0].ts | ms_from($lost)), root_ms: (root_since($revs) | ms_from($lost))} else {} end;

# Packets are lost here that nothing else explains but the fault
def must_lose: any(range($run.phases | length) | expected(.)[]; .n[0] > 0 and problem_class(.));
def score($all; $packets; $findings):
	($packets | map(select(.verdict | good | not))) as $problems |
	($problems | map(select(explained | not))) as $false |
	($problems | map(select(explained) | .finding) | unique) as $true_ids |
	($findings | map(select(emptied | not))) as $told |
	($told | map(select(of_answers or (.id as $id | $true_ids | index($id))))) as $due |
	($told - $due) as $extra |
	{node: $run.node, findings: [$due[] | scored($all; $packets)],
		missed: (if $asked != [] and ([$due[] | select(root_for)] == []) and must_lose then [$asked[].verdict] else [] end),
		alarms: (($extra | length) + ($false | map(select(.finding as $id | $extra | any(.id == $id) | not)) | length))};

# What the scoreboard counts against calitrace, and is not said by the judge of packets and findings
def score_complaints:
	.findings[] |
		(select(.known | not) | .lies[] as $cause | "finding \(.verdict): never the cause \($cause), saw \(.because | tojson)"),
		(select(.open | not) | select(.grade == "short" or .grade == "unknown") |
			"finding \(.verdict): expected the root \(.root | join("|")), saw \(.because | tojson)"),
		(select($in_time and (.found_ms // 0) > 10 * .limit_ms) |
			"finding \(.verdict): expected it within \(10 * .limit_ms) ms of the first loss, saw it after \(.found_ms)"),
		(select($in_time and .grade == "right" and (.root_ms // 0) > 10 * .limit_ms) |
			"finding \(.verdict): expected its root within \(10 * .limit_ms) ms of the first loss, saw it after \(.root_ms)");

. as $all |
(map(select(.type == "packet")) | latest) as $packets |
(map(select(.type == "finding")) | latest) as $findings |
score($all; $packets; $findings) as $score |
"saw\t" + ([$packets[].verdict | select(good | not)] | unique | join("+")),
"score\t\($score | tojson)",
("complaint\t" + (
	(if $run.status != 0 then "expected exit status 0, saw \($run.status)" else empty end),
	($all[] | check_form),
	(if map(select(.type == "start")) | length != 1 then "expected one start record" else empty end),
	(if $run.fault == "healthy" then healthy_packets($packets)
	 else range($run.phases | length) as $i | check_round($i; $packets) end),
	(if $run.fault == "healthy" then empty
	 elif $fault.words.early then empty
	 else $packets[] | select(phase_index == -1) | "not expected before any traffic: \(brief)" end),
	twice($packets),
	check_findings($findings; $packets),
	($score | score_complaints),
	(map(select(.type == "summary")) | check_summary($all; $packets; $findings)),
	(.[] | select(.type == "loss") | "expected no loss, saw \(tojson)")))
