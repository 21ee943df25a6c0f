# SPDX-License-Identifier: GPL-2.0-only
#
# The results of tests/bench/overhead as the README's table. Input: all objects of all files, each
# file's first one says what was measured.

include "ratios";

# [{run: {...}, all: [...]}]
def runs: reduce .[] as $o ([]; if $o.kernel then . + [{run: $o, all: []}] else .[-1].all += [$o] end);

def of($kernel; $pods; $routes): map(select(.run.kernel == $kernel and .run.pods == $pods and .run.routes == $routes
	and .run.state == "healthy" and (.run.kernel == "native" or .run.tunnel == "ipip")))[0] // {all: []};
def ratio($k; $tracer; $load; $metric): of($k; 10; 10).all | map(select(.tracer == $tracer and .load == $load and .metric == $metric))[0].ratio;
def cost($k; $tracer; $what; $pods; $routes): of($k; $pods; $routes).all | map(select(.tracer == $tracer and .rss_kib))[0][$what];

# Both kernels' figures in one cell
def row($tracer; $pairs): . as $r | [$pairs[] as $p | ["6.1", "6.12"] | map(. as $k | $r | ratio($k; $tracer; $p[0]; $p[1]))
	| if all(. == null) then "–" else map(if . == null then "–" else fixed(3) end) | join(" · ") end] | join(" / ");

def line($what; $goal; $ours; $floor; $pairs): . as $r | "| \($what) | \($goal) | **\($r | row($ours; $pairs))** | \($r | row($floor; $pairs)) | \($r | row("tcpdump"; $pairs)) | \($r | row("bpftrace"; $pairs)) |";

def number(n; by): if . == null then "–" else . / by | fixed(n) end;
def sizes($r; $what; n; by; $tracer): [([10, 10], [110, 10], [1000, 5000]) as $s
	| $r | cost("native"; $tracer; $what; $s[0]; $s[1]) | number(n; by)];
def rss($r; $tracer): [("6.1", "6.12", "native") as $k | $r | cost($k; $tracer; "rss_kib"; 10; 10) | number(0; 1024)] | join(" · ");

runs as $r | $r
| "| what | goal | calitrace | floor | tcpdump | bpftrace |",
  "| --- | --- | --- | --- | --- | --- |",
  line("UDP that does not match: throughput kept"; "≥ 0.95"; "calitrace"; "floor-filter"; [["udp", "rate"]]),
  line("the same, instructions a packet"; "≤ 1.07"; "calitrace"; "floor-filter"; [["udp", "cpu"]]),
  line("drop storm that does not match: kept"; "≥ 0.90"; "calitrace"; "floor-filter"; [["drop", "rate"]]),
  line("DNS, time to the answer: p50"; "≤ 1.08"; "calitrace"; "floor-record"; [["dns", "p50"]]),
  line("p99"; "≤ 1.3"; "calitrace"; "floor-record"; [["dns", "p99"]]),
  line("p50 with `--all`"; "≤ 1.12"; "calitrace-all"; "floor-record"; [["dns", "p50"]]),
  line("p50 of `capture`"; "≤ 1.12"; "calitrace-capture"; "floor-record"; [["dns", "p50"]]),
  line("ICMP flood, all recorded: kept"; "≥ 0.84"; "calitrace"; "floor-record"; [["icmp", "rate"]]),
  line("TCP connects, recorded: kept"; "≥ 0.92"; "calitrace"; "floor-record"; [["crr", "rate"]]),
  "| peak memory, MiB, ring included (6.1 · 6.12 · own) | ≤ 24 | **\(rss($r; "calitrace"))** | \(rss($r; "floor-record")) | \(rss($r; "tcpdump")) | \(rss($r; "bpftrace")) |",
  "| with 1000 pods and 5000 routes (own) | ≤ 48 | **\(sizes($r; "rss_kib"; 0; 1024; "calitrace")[2])** | | | |",
  "| start to “tracing”, s: 12, 110, 1000 interfaces (own) | ≤ 0.2, 0.6, 3 | **\(sizes($r; "ready_ms"; 2; 1000; "calitrace") | join(" · "))** | \(sizes($r; "ready_ms"; 2; 1000; "floor-record") | join(" · ")) | \(sizes($r; "ready_ms"; 2; 1000; "tcpdump") | join(" · ")) | \(sizes($r; "ready_ms"; 2; 1000; "bpftrace") | join(" · ")) |",
  "| from SIGINT to the end, s (own) | ≤ 0.3 | **\(sizes($r; "stop_ms"; 2; 1000; "calitrace") | join(" · "))** | \(sizes($r; "stop_ms"; 2; 1000; "floor-record") | join(" · ")) | | |",
  "",
  (["6.1", "6.12", "native"] | map(. as $k | $r | of($k; 10; 10).run // empty | "\(.release)\(if $k == "native" then " (own)" else "" end): \(.date), \(.version)") | join("; "))
