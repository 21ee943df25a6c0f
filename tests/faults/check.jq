# SPDX-License-Identifier: GPL-2.0-only
#
# What one tracer has to say of one fault, and what it must not say.
#
# Input: all records of the trace in one array. Variables: $lab (tests/lib.sh, lab_json),
# $run: {fault, node, mode: before|late, status, fault_from, fault_to, phases: [{name, from}]}.
# Output: the complaints, one string each; none if all is well.
#
# Every packet of the traffic (tests/faults/record.sh) belongs to a class, "request icmp pod
# dns": what it is, of which kind, by whom, to which target. The expectations are one table of
# classes for each fault, node and phase; packets of no class are complained of.

# ---- addresses ----

def number: split(".") | map(tonumber) | .[0] * 16777216 + .[1] * 65536 + .[2] * 256 + .[3];
def in_net($cidr):
	($cidr | split("/")) as [$base, $len] | pow(2; 32 - ($len | tonumber)) as $size |
	(number / $size | floor) == (($base | number) / $size | floor);
def block_of: . as $a | first($lab.block[] | select(. as $b | $a | in_net($b))) // null;
def owner_of: . as $b | $lab.block | to_entries[] | select(.value == $b) | $lab.ip[.key];

def second: "k8s02";
def target_name: . as $a | first($lab.target | to_entries[] | select(.value == $a) | .key) // null;
def who:
	if . == $lab.client then "pod"
	# A packet that was never born has no source yet.
	elif . == null or . == $lab.ip[second] or . == $lab.tunnel_ip[second] then "host"
	else null end;

# ---- records ----

def kind:
	if .icmp.type == 8 or .dns.response == false then "request"
	elif .icmp.type == 0 or .dns.response == true then "reply"
	elif .at == "fib" then "request"
	elif .l4 == "icmp" then "error"
	else null end;

def class:
	kind as $kind |
	if $kind == "error" then "error"
	else
		(if $kind == "reply" then {who: (.dst | who), far: .src} else {who: (.src | who), far: .dst} end) as $x |
		(.orig_dst == $lab.service or $x.far == $lab.service) as $svc |
		(if $x.far == $lab.service then "dns" else $x.far | target_name end) as $far |
		if $kind and $x.who and $far then
			[$kind, .app, $x.who, $far] + (if $svc then ["service"] else [] end) | join(" ")
		else "stray" end
	end;

def good: . == "sent" or . == "delivered";

# The last revision counts.
def latest: group_by(.id) | map(max_by(.rev));

# ---- expectations for packets: {class: {n, verdict, ...}} ----

# How many of each class one round of the traffic makes. Without the service's address on
# packets that come from another node, "service" and direct are one class there.
def requests:
	if $run.node == second then {
		"icmp pod dns": 2, "icmp pod far": 2, "icmp host dns": 2, "icmp host far": 2,
		"dns pod dns": 1, "dns pod dns service": 1, "dns host dns": 1, "dns host dns service": 1
	} else {"icmp pod dns": 2, "icmp host dns": 2, "dns pod dns": 2, "dns host dns": 2} end;
def replies:
	if $run.node == second then {"icmp pod far": 2, "icmp host far": 2} else {} end +
	{"icmp pod dns": 2, "icmp host dns": 2, "dns pod dns": 2, "dns host dns": 2};
def dead($n): {"icmp pod dead-remote": 2, "icmp host dead-remote": 2} +
	if $n then {"icmp pod dead-local": 2, "icmp host dead-local": 1} else {} end;

def all_as($kind; $fate): with_entries(.key = $kind + " " + .key | .value = {n: .value} + $fate);
def only(f): with_entries(select(.key | f));
def target($t): split(" ")[2] == $t;
def by($w): split(" ")[1] == $w;

def well_requests: requests | all_as("request"; {verdict: (if $run.node == second then "sent" else "delivered" end), from: ["route"]});
def well_replies: replies | all_as("reply"; {verdict: (if $run.node == second then "delivered" else "sent" end), from: ["route"]});
def well: well_requests + well_replies;

def leaked: {verdict: "leaked", at: ["tc-egress"], dev: "eth0", route: {dst: "default", type: "unicast", gateway: $lab.gateway},
	from: (if $run.mode == "before" then ["history", "route"] else ["guess", "route"] end)};
def unanswered: {verdict: "unanswered", at: ["tc-egress"], from: ["route"], route: {type: "unicast"}};
def dropped($verdict): {verdict: $verdict, at: ["drop"], from: ["route"], route: {type: $verdict}, own_route: true};
# The sender got an error: one attempt, no packet
def refused($verdict): {n: 1, verdict: $verdict, at: ["fib"], from: ["route"], route: {type: $verdict}, own_route: true};

def broken_client:
	if $run.fault == "incident" then requests | all_as("request"; leaked)
	elif $run.fault == "block-withdrawn" or $run.fault == "session-down" then
		(requests | only(target("dns")) | all_as("request"; leaked)) +
		(well | only(split(" ")[3] == "far"))
	elif $run.fault == "bird-killed" then requests | all_as("request"; unanswered)
	elif $run.fault == "return-route-missing" then
		(requests | only(target("dns")) | all_as("request"; unanswered)) + (well | only(split(" ")[3] == "far"))
	elif $run.fault == "unreachable-route" then
		(requests | only(target("dns") and by("pod")) | all_as("request"; dropped("unreachable") + {dev: $lab.client_dev})) +
		{"request icmp host dns": (refused("unreachable") + {comm: "ping"}), "request dns host dns": refused("unreachable"),
		 "request dns host dns service": (refused("unreachable") + {at: ["fib", "drop"]})} +
		(well | only(split(" ")[3] == "far"))
	elif $run.fault == "no-default-route" then
		(requests | only(by("pod")) | all_as("request"; {verdict: "no-route", dev: $lab.client_dev, from: ["route"], route: null})) +
		(well | only(split(" ")[2] == "host" and . != "request dns host dns service")) +
		# No route for the service's address either: the node's own query is never born.
		{"request dns host dns service": {n: 1, verdict: "no-route", optional: true}, "reply dns host dns": {n: 1, verdict: "delivered", from: ["route"]}}
	elif $run.fault == "stale-pod" then
		well + (dead(true) | only(target("dead-remote")) | all_as("request"; unanswered)) +
		{"request icmp pod dead-local": (dropped("blackhole") + {n: 2, dev: $lab.client_dev}),
		 "request icmp host dead-local": (refused("blackhole") + {comm: "ping"})}
	else error("no expectation for " + $run.fault) end;

def broken_server:
	if $run.fault == "bird-killed" or $run.fault == "return-route-missing" then
		well_requests + (replies | all_as("reply"; leaked))
	elif $run.fault == "no-default-route" then
		well | only(split(" ")[2] == "host") | with_entries(if .key | contains("dns host dns") then .value.n = 1 else . end)
	elif $run.fault == "stale-pod" then
		well + (dead(false) | all_as("request"; dropped("blackhole") + {dev: $lab.tunnel}))
	else {} end;

def expected($phase):
	if $phase == "healed" then well
	elif $run.node == second then broken_client
	else broken_server end;

# ---- expectations for findings ----

def seen: if $run.mode == "before" then "seen" else "before-start" end;

def findings_client:
	[$lab.block.k8s01] as $one | [$lab.block.k8s01, $lab.block.k8s03] as $all |
	if $run.fault == "incident" then
		[{verdict: "leaked", blocks: $all, must: ["route-missing", "bgp-down", "node-address-mismatch"], may: []}]
	elif $run.fault == "block-withdrawn" then
		[{verdict: "leaked", blocks: $one, must: (["route-missing"] + if $run.mode == "before" then ["route-not-announced"] else [] end), may: ["route-not-announced"]}]
	elif $run.fault == "session-down" then
		[{verdict: "leaked", blocks: $one, must: (["route-missing"] + if $run.mode == "before" then ["bgp-peer-down"] else [] end), may: ["bgp-peer-down"]}]
	elif $run.fault == "bird-killed" then
		[{verdict: "unanswered", blocks: $all, must: ["bgp-down"], may: ["return-route-missing", "bird-down", "beyond-node"]}]
	elif $run.fault == "return-route-missing" then
		[{verdict: "unanswered", blocks: $one, must: ["beyond-node"], may: ["unknown", "return-route-missing"]}]
	elif $run.fault == "unreachable-route" then
		[{verdict: "unreachable", blocks: $one, must: [], may: ["bgp-nexthop-unresolved", "unknown"]}]
	elif $run.fault == "no-default-route" then
		[{verdict: "no-route", blocks: $all, must: ["default-route-missing"], may: []}]
	else
		[{verdict: "blackhole", blocks: [$lab.block[second]], must: [], may: ["stale-endpoint", "unknown"]},
		 {verdict: "unanswered", blocks: $one, must: [], may: ["beyond-node", "unknown"]}]
	end;

def findings_server:
	[$lab.block[second]] as $blocks |
	if $run.fault == "bird-killed" then
		[{verdict: "leaked", blocks: $blocks, must: (["route-missing"] + if $run.mode == "before" then ["bgp-peer-down"] else [] end), may: ["bgp-peer-down"]}]
	elif $run.fault == "return-route-missing" then
		[{verdict: "leaked", blocks: $blocks, must: ["route-missing"], may: ["route-not-announced"]}]
	elif $run.fault == "stale-pod" then
		[{verdict: "blackhole", blocks: [$lab.block.k8s01], must: [], may: ["stale-endpoint", "unknown"]}]
	else [] end;

def findings_expected: if $run.node == second then findings_client else findings_server end;

# ---- complaints ----

def brief: {id, app, src, dst, orig_dst, verdict, at, dev, block, block_from, route: (.route // {} | {dst, type, gateway}), comm, errno, location} |
	with_entries(select(.value != null and .value != {dst: null, type: null, gateway: null})) | tojson;

def bad_packet($e):
	. as $p | (.dst | block_of) as $true |
	if .verdict != $e.verdict then "verdict \($e.verdict)"
	elif $e.at and ($e.at | index($p.at) | not) then "at \($e.at | join("|"))"
	elif $e.dev and $e.dev != .dev then "dev \($e.dev)"
	elif ($e | has("route")) and $e.route == null and .route then "no route"
	elif $e.route and ($e.route | to_entries | any(.value != $p.route[.key])) then "route \($e.route | tojson)"
	elif $e.own_route and .route.dst != $true then "route for \($true)"
	elif $true and .block != $true then "block \($true)"
	elif $true and $e.from and ($e.from | index($p.block_from) | not) then "block_from \($e.from | join("|"))"
	elif (.verdict | good) and .finding then "no finding"
	elif (.verdict | good | not) and (.finding | not) then "a finding"
	else empty end |
	"expected \(.), saw \($p | brief)";

def phase_of: .ts as $ts | last($run.phases[] | select(.from <= $ts) | .name) // "idle";
def phase_index: .ts as $ts | last(range($run.phases | length) | select($run.phases[.].from <= $ts)) // -1;

def packets_of_class($packets; $c; $e; $where):
	[$packets[] | select(class == $c)] as $these |
	if $e.optional and ($these | length) == 0 then empty
	elif ($these | length) != $e.n then
		"expected \($e.n) of '\($c)' (\($e.verdict)) \($where), saw \($these | length)" +
		if ($these | length) > 0 then ": \($these | map(brief) | join(" "))" else "" end
	else $these[] | bad_packet($e) | "'\($c)' \($where): \(.)" end;

def check_packets($packets):
	(range($run.phases | length) | . as $i | $run.phases[$i] |
		"in round \($i + 1) (\(.name))" as $where |
		[$packets[] | select(phase_index == $i)] as $here | expected(.name) as $expected |
		($expected | to_entries[] | packets_of_class($here; .key; .value; $where)),
		($here[] | class as $c | select($expected | has($c) | not) |
			select($c != "error" or (.verdict | good | not)) | "not expected \($where): \(brief)")),
	($packets[] | select(phase_index == -1) | "not expected before any traffic: \(brief)");

def check_link($f):
	. as $l |
	if (.cause | . == "route-missing" or . == "bgp-down" or . == "bgp-peer-down" or . == "default-route-missing") | not then empty
	elif .since_from != seen then "expected since_from \(seen), saw \(tojson)"
	elif $run.mode == "late" and (.since or .by) then "expected no since and no by of what was before the start, saw \(tojson)"
	elif $run.mode == "before" and (.since == null or .since < $run.fault_from or .since > $run.fault_to) then
		"expected since from \($run.fault_from) to \($run.fault_to), saw \(tojson)"
	elif $run.mode == "before" and .confidence != "certain" then "expected certain, saw \(tojson)"
	elif $run.mode == "late" and .confidence == "certain" and (.cause == "route-missing" or .cause == "bgp-peer-down") then
		"expected less than certain, saw \(tojson)"
	elif $run.mode == "before" and .cause == "route-missing" and .by.comm != "bird" then "expected by bird, saw \(tojson)"
	elif $run.mode == "before" and .cause == "default-route-missing" and .by.comm != "ip" then "expected by ip, saw \(tojson)"
	else empty end;

def check_finding($e; $packets):
	. as $f | [.because[].cause] as $causes |
	[$packets[] | select(.finding == $f.id)] as $mine |
	([$e.blocks[] | owner_of] | sort) as $owners |
	(if (.blocks // [] | sort) != ($e.blocks | sort) then "blocks \($e.blocks | join(" "))" else empty end),
	($e.must[] | select(. as $c | $causes | index($c) | not) | "\(.) among the causes"),
	($causes - $e.must - $e.may | .[] | "not the cause \(.)"),
	(if ($causes | length) == 0 then "a cause, if only unknown" else empty end),
	(.because[] | check_link($f)),
	(if ($causes | index($f.cause) | not) then "the cause among because" else empty end),
	(if .packets != ($mine | length) then "\($mine | length) packets" else empty end),
	(if .verdicts != {($e.verdict): ($mine | length)} then "verdicts \({($e.verdict): ($mine | length)} | tojson)" else empty end),
	(if ([.apps[]] | add) != ($mine | length) then "apps that add up to \($mine | length)" else empty end),
	(if $e.verdict == "leaked" and .dev != "eth0" then "dev eth0" else empty end),
	# A late tracer cannot know whose a block without route is.
	(if $e.verdict == "leaked" and $run.mode == "late" then
		if .peers or .peer_nodes then "no peers" else empty end
	 elif (.peers // [] | sort) - $owners != [] then "no other peers than \($owners | join(" "))"
	 elif $e.verdict == "leaked" and (.peers // [] | sort) != $owners then "peers \($owners | join(" "))"
	 else empty end),
	(if (.explain // "") == "" then "an explanation" else empty end),
	(if $run.fault == "stale-pod" or $run.mode == "late" then
		if .state != "open" then "state open" else empty end
	 elif .state != "recovered" then "state recovered"
	 elif (.recovered // "") < $run.fault_to then "recovered after the fault"
	 else empty end) |
	"finding \($e.verdict): expected \(.), saw \($f | del(.explain, .evidence, .advice, .v, .ts, .node) | tojson)";

def check_findings($findings; $packets):
	findings_expected as $expected |
	($findings[] | select(.verdict as $v | $expected | any(.verdict == $v) | not) |
		"not expected: finding \(del(.evidence, .advice) | tojson)"),
	($expected[] | . as $e | [$findings[] | select(.verdict == $e.verdict)] |
		if length != 1 then "expected one finding '\($e.verdict)', saw \(length): \(map(.key) | join(" "))"
		else .[0] | check_finding($e; $packets) end);

# Every record, whatever it says
def check_form:
	if type != "object" then "not an object: \(tojson)"
	elif .v != 1 or (.type | type) != "string" then "without v or type: \(tojson)"
	elif .type != "diff" and .node != $run.node then "expected node \($run.node), saw \(tojson)"
	elif .type == "start" then empty
	elif (.ts // "" | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$") | not) then "without ts: \(tojson)"
	else empty end;

def check_start:
	if length != 1 then "expected one start record, saw \(length)"
	else .[0] |
		(if [.pools[]? | {cidr, mode}] != [{cidr: $lab.pool, mode: $lab.encap}] then
			"expected the pool \($lab.pool) \($lab.encap), saw \(.pools | tojson)" else empty end)
	end;

def check_summary($packets; $findings):
	if length != 1 then "expected one summary, saw \(length)"
	else .[0] |
		($packets | group_by(.verdict) | map({(.[0].verdict): length}) | add // {}) as $verdicts |
		(if .verdicts != $verdicts then "expected the summary's verdicts \($verdicts | tojson), saw \(.verdicts | tojson)" else empty end),
		(if .seen != ($packets | length) then "expected \($packets | length) seen, saw \(.seen)" else empty end),
		(if (.findings | sort) != ([$findings[].id] | sort) then "expected the findings \([$findings[].id] | tojson), saw \(.findings | tojson)" else empty end),
		(if .lost != 0 or .withheld != 0 then "expected nothing lost or withheld, saw \(.lost) and \(.withheld)" else empty end)
	end;

. as $all |
(map(select(.type == "packet")) | latest) as $packets |
(map(select(.type == "finding")) | latest) as $findings |
(if $run.status != 0 then "expected exit status 0, saw \($run.status)" else empty end),
($all[] | check_form),
(map(select(.type == "start")) | check_start),
check_packets($packets),
check_findings($findings; $packets),
(map(select(.type == "summary")) | check_summary($packets; $findings)),
(.[] | select(.type == "loss") | "expected no loss, saw \(tojson)")
