#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A real Prometheus scrapes a node of a lab: the founding incident's alert fires, and resolves after the cure.
# tests/metrics/prometheus.sh LABEL DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

label=$1
mkdir -p "$2"
out=$(cd "$2" && pwd -P)
if program=$(type -P prometheus) || program=$("$root/tools/debs.sh" prometheus prometheus)/usr/bin/prometheus; then
	:
fi
[ -x "$program" ] || { skip "$label Prometheus" 'it cannot be fetched' && exit 0; }
api=http://127.0.0.1:9090/api/v1
space=${CALITRACE_TEST_PREFIX:-t$$-}prom
prometheus_pid=''

# Each second, and alerts as soon as twice seen: what is tested is that they come and go. A namespace of its
# own, so that no port of this machine is taken.
configure() {
	sed "s/scrape_interval: .*/scrape_interval: 1s\n  evaluation_interval: 1s/" "$root/tools/prometheus/prometheus.yml" >"$out/prometheus.yml"
	sed -E 's/^( +for:) .*/\1 2s/' "$root/tools/prometheus/calitrace.rules.yml" >"$out/calitrace.rules.yml"
}

in_space() { ip netns exec "$space" "$@"; }
ask() { in_space curl -sSG --max-time 10 "$api/$1" "${@:2}"; }

# alert NAME: its state there, "" if there is none
alert() { ask alerts | jq -r --arg name "$1" '[.data.alerts[] | select(.labels.alertname == $name) | .state] | sort | first // ""'; }
is() { [ "$(alert "$1" 2>/dev/null)" = "$2" ]; }
value() { ask query --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // ""'; }
value_is() { [ "$(value "$1" 2>/dev/null)" = "$2" ]; }

test_scraped() {
	within "$patience" value_is 'up{job="calitrace"}' 1 || echo "expected it to be scraped, saw $(ask targets | jq -c '.data.activeTargets[] | {health, lastError}')"
	within "$patience" value_is 'calitrace_bgp_sessions{state="Established"}' 2 || echo "expected two sessions, saw $(value 'calitrace_bgp_sessions{state="Established"}')"
	within "$patience" value_is calitrace_routes_missing 0 || echo "expected all routes, saw $(value calitrace_routes_missing)"
	is CalitraceFindingOpen '' && is CalitraceBgpDown '' || echo "expected no alert, saw $(ask alerts | jq -c .data.alerts)"
	# Prometheus asks for OpenMetrics: that it keeps what it was told of types says that it understood
	[ "$(ask metadata --data metric=calitrace_reply_seconds | jq -r '.data.calitrace_reply_seconds[0] | "\(.type) \(.unit)"')" = 'histogram seconds' ] ||
		echo "expected a histogram of seconds, saw $(ask metadata | jq -c .data)"
}

test_fires() {
	lab fault incident >&2
	lab traffic ping >&2 || :
	within $((2 * patience)) is CalitraceFindingOpen firing || echo "expected the finding's alert to fire, saw $(ask alerts | jq -c .data.alerts)"
	within $((2 * patience)) is CalitraceBgpDown firing || echo "expected the alert of BGP to fire, saw $(ask alerts | jq -c .data.alerts)"
	within "$patience" is CalitraceRoutesMissing firing || echo "expected the alert of routes to fire, saw $(value calitrace_routes_missing)"
	[ "$(ask alerts | jq -r '[.data.alerts[] | select(.labels.alertname == "CalitraceFindingOpen") | .labels.cause] | first')" = node-address-mismatch ] ||
		echo "expected the root in the alert, saw $(ask alerts | jq -c '[.data.alerts[].labels]')"
	[ "$(value 'sum(calitrace_packets_total{verdict="leaked"}) > bool 0')" = 1 ] || echo "expected leaked packets"
}

# The lines of the manual's example are those of this incident, numbers aside.
test_example() {
	local example=$root/tools/man/examples/metrics

	grep -qx '# by tests/metrics/prometheus.sh' "$example" || echo "expected the example to name this test"
	diff <(grep '^calitrace_' "$example" | sed 's/[0-9]*$//') <(in_space bash -c "$(sed -n 's/^\$ //p' "$example")" | sed 's/[0-9]*$//') >"$out/example" ||
		echo "expected what the manual shows, saw $(cat "$out/example")"
}

healed() {
	lab traffic ping >&2 || :
	is CalitraceFindingOpen '' && is CalitraceBgpDown '' && is CalitraceRoutesMissing ''
}
test_resolves() {
	lab heal >&2
	lab wait >&2
	within $((3 * patience)) healed || echo "expected no alert any more, saw $(ask alerts | jq -c '[.data.alerts[] | {labels, state}]')"
	[ "$(value 'sum(calitrace_findings{state="recovered"}) > bool 0')" = 1 ] || echo "expected a finding that recovered"
	# it was there: the time series has it
	[ -n "$(value 'max_over_time(ALERTS{alertname="CalitraceFindingOpen",alertstate="firing"}[5m])')" ] || echo "expected the alert in the past"
}

lab_up "${CALITRACE_TEST_PREFIX:-n$$-}m" --encap auto
trap 'kill $prometheus_pid 2>/dev/null || :; tracers_kill; lab down >&2 || :; ip netns del "$space" 2>/dev/null || :' EXIT
ip netns add "$space"
ip -n "$space" link set lo up
configure
# it listens where it was started, and traces the node
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s %s "$@"\n' "$space" "$calitrace" >"$out/in-space"
chmod +x "$out/in-space"
calitrace=$out/in-space
tracer_run metrics metrics --netns "/run/netns/${node_ns[k8s02]}" --host-root "${node_root[k8s02]}"
check "$label metrics of a node" tracer_wait metrics
ip netns exec "$space" "$program" --config.file="$out/prometheus.yml" --storage.tsdb.path="$out/data" \
	--web.listen-address=127.0.0.1:9090 --log.level=warn >&2 2>"$out/prometheus.log" &
prometheus_pid=$!
check "$label Prometheus scrapes it" test_scraped
check "$label the incident's alerts fire" test_fires
check "$label the manual's example is what is seen" test_example
check "$label the alerts resolve" test_resolves
tracer_stop metrics
check "$label metrics ends" test "${tracer_status[metrics]}" -eq 0
