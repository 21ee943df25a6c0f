# SPDX-License-Identifier: GPL-2.0-only
#
# From what slices.sh prints, lines of words, to ratios, a JSON object each:
#
#   jq -nRc -L tests/bench/cost 'include "ratios"; ratios' FILE
#
# A slice of a tracer is compared with the mean of the baselines before and after it, of each load the
# median run; over the rounds it is the median that counts, between the quartiles. The tracer "none"
# is a baseline against the one before: the noise. rate is the throughput kept, cpu what a packet or
# transaction costs its sender. best is the same of each slice's cheapest run: where instructions are
# counted whatever comes in between only adds.

def words: split(" ") | {kind: .[0], words: .[1:]} | .kind as $k | if $k == "run" or $k == "tracer"
	then {kind: $k} + (.words | map(split("=") | {(.[0]): (.[1] | tonumber? // .)}) | add) else . end;

def at(q): sort | .[(length - 1) * q | round];
def median: sort | if length == 0 then null else (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2 end;
def mean: add / length;

def metrics: {rate: (.done * 1e9 / .wall_ns), cpu: (.cpu_ns / .sent),
	p50: (if .p50_ns > 0 then .p50_ns else null end), p99: (if .p99_ns > 0 then .p99_ns else null end)};

def cheapest(metric): if metric == "rate" then max else min end;

# [{slice, tracer, load, metric, value, best}], a value for all runs of the load in the slice
def values: map(select(.kind == "run")) | group_by([.slice, .load]) | map(
	. as $runs | ["rate", "cpu", "p50", "p99"][] as $m | ($runs | map(metrics[$m] | select(. != null))) as $v
		| $runs[0] | {slice, tracer, load, metric: $m, value: ($v | median), best: ($v | cheapest($m))}
		| select(.value != null));

def ratio_list: values as $v | (reduce $v[] as $x ({}; .["\($x.slice) \($x.load) \($x.metric)"] = $x)) as $at
	| [$v[] | . as $x
		| ([$x.slice - 1, $x.slice + 1] | map($at["\(.) \($x.load) \($x.metric)"] // empty | select(.tracer == "none"))) as $base
		| if $x.tracer != "none" then select($base | length > 0) | {tracer, load, metric,
			ratio: (.value / ($base | map(.value) | mean)), best: (.best / ($base | map(.best) | cheapest($x.metric)))}
		else $at["\($x.slice - 2) \($x.load) \($x.metric)"] // empty | select(.tracer == "none")
			| {tracer: "none", load, metric, ratio: ($x.value / .value), best: ($x.best / .best)} end];

def costs: map(select(.kind == "tracer")) | group_by(.tracer) | map(. as $s | {tracer: .[0].tracer} + (
	["ready_ms", "stop_ms", "rss_kib", "cpu_ms", "seen", "lost", "withheld", "forced"] | map({(.): (. as $k | $s | map(.[$k])
		| if any(type == "string") then null elif $k == "rss_kib" or $k == "forced" then max else median end)}) | add));

def ratios: [inputs | select(length > 0) | words] as $in
	| ($in | ratio_list | group_by([.tracer, .load, .metric]) | .[] | {tracer: .[0].tracer, load: .[0].load,
		metric: .[0].metric, ratio: (map(.ratio) | median), best: (map(.best) | median), low: (map(.ratio) | at(0.25)),
		high: (map(.ratio) | at(0.75)), rounds: length}),
	($in | costs[]),
	($in[] | select(.kind == "insns") | {insns: .words[0], verified: (.words[1] | tonumber), length: (.words[2] | tonumber)}),
	($in[] | select(.kind == "absent") | {absent: .words[0], why: (.words[1:] | join(" "))});

# ---- a table ----

def columns: [["udp", "rate"], ["udp", "cpu"], ["drop", "rate"], ["drop", "cpu"], ["dns", "rate"], ["dns", "p50"],
	["dns", "p99"], ["icmp", "rate"], ["icmp", "cpu"], ["crr", "rate"], ["crr", "cpu"], ["rate", "rate"]];
def fixed(n): if . == null then "-" else (. * pow(10; n) | round) as $i | ($i / pow(10; n) | tostring) as $t
	| if n == 0 then $t elif ($t | test("\\.")) then $t + ("0" * (n - ($t | split(".")[1] | length)) // "")
	else $t + "." + ("0" * n) end end;
def pad(n): . + ((" " * (n - length)) // "");
def cell: if . == null then "-" elif .rounds > 1 then "\(.ratio | fixed(3)) [\(.low | fixed(2))-\(.high | fixed(2))]"
	else .ratio | fixed(3) end;

# Of the objects that ratios gave, as text
def table($order): . as $all | ([$all[] | .tracer // empty] | unique) as $found
	| [columns[] | . as $c | select($all | any(.load == $c[0] and .metric == $c[1]))] as $cols
	| ([["", "ready s", "stop s", "MiB", "CPU ms", "seen", "lost", "withheld"] as $h | [$h[0]] + ($cols | map(join(" "))) + $h[1:]]
	+ [($order | map(select(. as $t | $found | index([$t])))) [] as $t | ([$all[] | select(.tracer == $t and .rss_kib != null)][0]) as $cost
		| [if $t == "none" then "(noise)" else $t end]
		+ ($cols | map(. as $c | [$all[] | select(.tracer == $t and .load == $c[0] and .metric == $c[1])][0] | cell))
		+ if $cost then $cost | [(.ready_ms / 1000 | fixed(2)), (.stop_ms / 1000 | fixed(2)), (.rss_kib / 1024 | fixed(1)),
			(.cpu_ms | fixed(0)), (.seen | fixed(0)), (.lost | fixed(0)), (.withheld | fixed(0))] else [] end]) as $rows
	| ($rows | map(map(length)) | [range(0; map(length) | max)] as $i | [$i[] as $n | ($rows | map(.[$n] // "" | length) | max)]) as $w
	| ($rows[] | [to_entries[] | .value | tostring] | to_entries | map(.key as $k | .value | pad($w[$k])) | join("  ")),
	($all[] | select(.absent) | "absent: \(.absent): \(.why)");
