#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# calitrace metrics: what it serves, to whom, with which rights, and that the alerts and the dashboard ask for what
# is there. tests/metrics/metrics.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p "$1/root"
out=$(cd "$1" && pwd -P)
export PATH=$PATH:/usr/sbin:/sbin
node=${CALITRACE_TEST_PREFIX:-t$$-}mt
rules=$root/tools/prometheus/calitrace.rules.yml
names='calitrace_bgp_sessions calitrace_build_info calitrace_events_lost_total calitrace_events_withheld_total
calitrace_findings calitrace_packets_total calitrace_reply_seconds calitrace_routes_missing'

trap 'tracers_kill; ip netns del "$node" 2>/dev/null || :' EXIT
ip netns add "$node"
ip -n "$node" link set lo up
ip -n "$node" link add cali0 type veth peer name p0
ip -n "$node" link set cali0 up
ip -n "$node" link set p0 up

promtool() {
	local dir

	if type -P promtool >/dev/null; then
		command promtool "$@"
	else
		dir=$("$root/tools/debs.sh" prometheus prometheus) && "$dir/usr/bin/promtool" "$@"
	fi
}

# What is run in the namespace is one process, so that no port of this machine is taken
own=$calitrace calitrace=$out/in-node
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$node" "$own" >"$calitrace"
chmod +x "$calitrace"
in_node() { ip netns exec "$node" "$@"; }
get() { in_node curl -sS --max-time 20 "$@"; }

test_page() {
	local seen

	get -D "$out/head" http://127.0.0.1:9435/metrics >"$out/page"
	grep -qi '^content-type: text/plain; version=0.0.4; charset=utf-8' "$out/head" || echo "expected the text format, saw $(cat "$out/head")"
	get -D "$out/head" -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' http://127.0.0.1:9435/metrics >"$out/open"
	grep -qi '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8' "$out/head" || echo "expected OpenMetrics, saw $(cat "$out/head")"
	[ "$(tail -n 1 "$out/open")" = '# EOF' ] || echo "expected # EOF, saw $(tail -n 1 "$out/open")"
	seen=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$out/page" | sort | paste -sd' ')
	[ "$seen" = "$(tr '\n' ' ' <<<"$names" | sed 's/ $//')" ] || echo "expected the contract's names, saw $seen"
	# the samples are the same in both
	diff <(grep -v '^#' "$out/page") <(grep -v '^#' "$out/open") >&2 || echo "expected the same samples in both formats"
	grep -q "^calitrace_build_info{.*node=\"$node\"} 1$" "$out/page" || echo "expected the node's name, saw $(grep build_info "$out/page")"
}

test_promtool() { promtool check metrics <"$out/page" 2>&1 || :; }

# Packets of the node's own, through the device that is traced
test_counts() {
	local n=0 was

	was=$(grep -c '^calitrace_packets_total' "$out/page" || :)
	ip -n "$node" addr add 10.99.0.1/24 dev cali0
	in_node ping -c 3 -i 0.2 -W 1 10.99.0.2 >/dev/null || :
	within "$patience" counted || echo "expected packets to count, saw $(get http://127.0.0.1:9435/metrics | grep packets_total)"
	n=$(grep -c '^calitrace_packets_total' "$out/page2" || :)
	[ "$n" -gt "$was" ] || echo "expected more series than $was, saw $n"
}
counted() {
	get http://127.0.0.1:9435/metrics >"$out/page2"
	grep -q '^calitrace_packets_total{verdict="[a-z-]*",app="icmp",block="10.99.0.[0-9/]*"} [1-9]' "$out/page2"
}

code() { get -o /dev/null -w '%{http_code}' "$@"; }
test_other_requests() {
	[ "$(get http://127.0.0.1:9435/healthz)" = ok ] || echo "expected ok of /healthz"
	[ "$(code http://127.0.0.1:9435/)" = 404 ] || echo "expected 404 of /"
	[ "$(code http://127.0.0.1:9435/metrics/../metrics2)" = 404 ] || echo "expected 404 of another path"
	[ "$(code -X POST -d x=y http://127.0.0.1:9435/metrics)" = 405 ] || echo "expected 405 of POST"
	[ "$(code -X DELETE http://127.0.0.1:9435/metrics)" = 405 ] || echo "expected 405 of DELETE"
	[ "$(code -I http://127.0.0.1:9435/metrics)" = 200 ] || echo "expected 200 of HEAD"
	[ "$(code -H "X: $(head -c 20000 /dev/zero | tr '\0' x)" http://127.0.0.1:9435/metrics)" != 200 ] || echo "expected no answer to 20 kB of headers"
	# what is no HTTP at all
	head -c 65536 /dev/urandom | in_node timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9435; cat >&3' 2>/dev/null || :
	[ "$(code http://127.0.0.1:9435/metrics)" = 200 ] || echo "expected it to go on serving"
}

test_loopback() {
	local at

	at=$(in_node ss -Hltn | awk '{print $4}')
	[ "$at" = 127.0.0.1:9435 ] || echo "expected it to listen on the loopback alone, saw $at"
}

test_rights() {
	local status

	status=/proc/${tracer_pid[metrics]}/status
	[ "$(sed -n 's/^Seccomp:[[:space:]]*//p' "$status")" = 2 ] || echo "expected the sandbox, saw $(grep Seccomp "$status")"
	[ "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "$status")" = 1 ] || echo "expected no_new_privs"
	# bpf, perfmon, net_admin
	[ "$(sed -n 's/^CapEff:[[:space:]]*//p' "$status")" = 000000c000001000 ] || echo "expected three capabilities, saw $(grep CapEff "$status")"
}

test_taken() {
	local said status=0

	said=$("$calitrace" metrics --pool 10.99.0.0/16=none --host-root "$out/root" 2>&1) || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	[ "$said" = 'calitrace: cannot listen at 127.0.0.1:9435: Address already in use; ss -ltnp tells by whom, --listen takes another' ] || echo "expected a line about the address, saw $said"
}

# Those that connect and say nothing get no more than their share, and not for long.
test_idle() {
	local pid

	# shellcheck disable=SC2016 # expanded by it
	in_node bash -c 'for i in $(seq 40); do exec {fd}<>/dev/tcp/127.0.0.1/9435; done; exec sleep 60' >&2 2>/dev/null &
	pid=$!
	sleep 1
	within "$patience" idle_gone || echo "expected it to serve again within $patience s"
	kill $pid 2>/dev/null || :
}
idle_gone() { [ "$(code http://127.0.0.1:9435/healthz 2>/dev/null)" = 200 ]; }

test_end() {
	[ "${tracer_status[metrics]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[metrics]}"
	grep -q '^calitrace: [0-9]* packets seen' "$out/metrics.err" || echo "expected the closing line, saw $(tail -n 1 "$out/metrics.err")"
}

# ---- alerts and dashboard ----

test_alerts() {
	promtool check rules "$rules" >&2 || echo "expected promtool to accept the rules"
	(cd "$root/tests/metrics" && promtool test rules rules_test.yml) >&2 || echo "expected the rules' tests to pass"
	promtool check config "$root/tools/prometheus/prometheus.yml" >&2 || echo "expected promtool to accept the configuration"
}

# Debian's promtool knows all of it but where it finds pods.
test_kubernetes() {
	local python=/usr/bin/python3

	[ -x $python ] || python=python3
	cp "$rules" "$out/"
	"$python" - "$root/tools/prometheus/prometheus-kubernetes.yml" >"$out/kubernetes.yml" <<-'END'
		import sys, yaml
		c = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
		for job in c["scrape_configs"]:
		    if [s["role"] for s in job.pop("kubernetes_sd_configs")] != ["pod"]:
		        sys.exit("expected it to look for pods")
		print(yaml.safe_dump(c))
	END
	promtool check config "$out/kubernetes.yml" >&2 || echo "expected promtool to accept the rest of the configuration"
	# it keeps the pods that the DaemonSet labels
	grep -q 'app.kubernetes.io/name: calitrace' "$root/tools/k8s/daemonset.yaml" || echo "expected that label in the DaemonSet"
}

# Each metric that is asked for is one that is there.
test_dashboard() {
	local dashboard=$root/tools/prometheus/grafana-dashboard.json name

	jq -e '.title and (.panels | length > 5) and ([.panels[].id] | length == (unique | length)) and
		all(.panels[]; .title and (.targets | length > 0) and all(.targets[]; .expr | length > 0))' "$dashboard" >/dev/null ||
		echo "expected panels with expressions in the dashboard"
	{
		jq -r '.panels[].targets[].expr, .templating.list[].query | tostring' "$dashboard"
		sed -n '/expr:/,/for:/p' "$rules"
	} | grep -oE 'calitrace_[a-z_]+' | sort -u | while read -r name; do
		grep -qxF "${name%_bucket}" <(tr ' ' '\n' <<<"$names") || echo "expected no $name"
	done
	# and what is asked is what Prometheus understands
	# shellcheck disable=SC2016 # Grafana's
	jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$instance/.*/' | jq -R . |
		jq -s '{groups: [{name: "dashboard", rules: [to_entries[] | {record: "x:\(.key)", expr: .value}] | map(.record |= gsub(":"; "_"))}]}' >"$out/dashboard.json"
	promtool check rules "$out/dashboard.json" >&2 || echo "expected promtool to understand the dashboard's expressions"
}

tracer_run metrics metrics --host-root "$out/root" --node "$node" --pool 10.99.0.0/16=none
check 'metrics starts' tracer_wait metrics
check 'metrics: names and formats' test_page
check 'metrics: loopback' test_loopback
check 'metrics: rights' test_rights
check 'metrics: packets count' test_counts
check 'metrics: other requests' test_other_requests
check 'metrics: address taken' test_taken
check 'metrics: idle connections' test_idle
tracer_stop metrics TERM
check 'metrics: ends' test_end
if promtool --version >/dev/null 2>&1; then
	check 'metrics: promtool' test_promtool
	check 'metrics: alerts' test_alerts
	check 'metrics: configuration for Kubernetes' test_kubernetes
	check 'metrics: dashboard' test_dashboard
else
	skip 'metrics: promtool' 'it cannot be fetched'
fi
