# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Bounded traffic, all of it inside the lab. At the end it says how each kind went; the exit
# status is 1 if anything went unanswered.

readonly traffic_list='ping         from a pod to the DNS pod
dns          from a pod to the service and to the DNS pod
host         both, from the node itself
dns-patient  as dns, and waits five seconds for the answer
tcp          a pod connects to port 53 of the service and of the DNS pod
node         a pod pings its node, and asks NodeLocal DNSCache where there is one
dead         a pod pings DEAD_REMOTE and DEAD_LOCAL
new          a pod pings LAB_NEW_ADDRESS, which the fault bird-down brings into being
stale        a pod pings LAB_STALE_ADDRESS, which nobody has
spoofed      a pod pings and asks from DEAD_REMOTE: for the fault spoofed-source
borrowed     a pod and LAB_STALE_ADDRESS ping each other: for the fault borrowed-address
old-port     a pod asks the service from port 40053: for the fault stale-nat
service      a pod asks the service
dns-often    as dns, five times
to-client    other pods ping the client, from its own node and from another
martian      as ping and dns, from the address of the node: for the fault of that name
big          1200 octets to the DNS pod that may not be fragmented, by UDP and ICMP
uplink-down  for the fault of that name: a ping and a query get stuck in the queue of the
             uplink, which then goes down, and stays so
mixed        everything that a healthy node sees: see traffic_mixed; no fault should be on
features     what the features that are on serve: see features.sh; no fault should be on'

declare -A answered unanswered
labels=()

# LABEL COMMAND...
attempt() {
	local label=$1

	shift
	if [ -z "${answered[$label]+seen}" ]; then
		labels+=("$label")
		answered[$label]=0 unanswered[$label]=0
	fi
	if "$@" >/dev/null 2>&1; then
		answered[$label]=$((answered[$label] + 1))
	else
		unanswered[$label]=$((unanswered[$label] + 1))
	fi
}

traffic_summary() {
	local label status=0

	for label in "${labels[@]}"; do
		echo "$label: ${answered[$label]} answered, ${unanswered[$label]} not"
		((unanswered[$label] == 0)) || status=1
	done
	return $status
}

ask() {
	local ns=$1

	shift
	in_ns "$ns" dig +time=1 +tries=1 "$@"
}

query() { ask "$1" "${@:2}" kubernetes.default.svc.cluster.local; }

ping_once() { in_ns "$1" ping -n -c 1 -W 1 "$2"; }

traffic_ping() { attempt "ping $1 > ${pod_ip[$dns_pod]}" ping_once "$2" "${pod_ip[$dns_pod]}"; }

traffic_dns() {
	attempt "dns $1 > $service" query "$2" "@$service"
	attempt "dns $1 > ${pod_ip[$dns_pod]}" query "$2" "@${pod_ip[$dns_pod]}"
}

traffic_host() {
	traffic_ping "$1" "$2"
	traffic_dns "$1" "$2"
}

traffic_dns_patient() {
	local to

	for to in "$service" "${pod_ip[$dns_pod]}"; do
		attempt "dns $1 > $to, patient" in_ns "$2" dig +time=5 +tries=1 "@$to" kubernetes.default.svc.cluster.local
	done
}

traffic_tcp() {
	local to

	for to in "$service" "${pod_ip[$dns_pod]}"; do
		attempt "tcp $1 > $to" in_ns "$2" "$labtool" tcp-connect "$to"
	done
}

traffic_node() {
	attempt "ping $1 > ${node_ip[$3]}" ping_once "$2" "${node_ip[$3]}"
	! feature_active nodelocaldns || attempt "dns $1 > $nodelocal" query "$2" "@$nodelocal"
}

traffic_dead() {
	attempt "ping $1 > $dead_remote" ping_once "$2" "$dead_remote"
	attempt "ping $1 > $dead_local" ping_once "$2" "$dead_local"
}

traffic_new() { attempt "ping $1 > $new_address" ping_once "$2" "$new_address"; }
traffic_stale() { attempt "ping $1 > $stale_address" ping_once "$2" "$stale_address"; }

traffic_spoofed() {
	attempt "ping $1 as $dead_remote > ${pod_ip[$dns_pod]}" in_ns "$2" ping -n -c 1 -W 1 -I "$dead_remote" "${pod_ip[$dns_pod]}"
	attempt "dns $1 as $dead_remote > ${pod_ip[$dns_pod]}" query "$2" -b "$dead_remote" "@${pod_ip[$dns_pod]}"
}

traffic_borrowed() {
	attempt "ping $1 > $stale_address" ping_once "$2" "$stale_address"
	attempt "ping $stale_address > $1" in_ns "${pod_ns[${nodes[0]}-p1]}" ping -n -c 1 -W 1 -I "$stale_address" "${pod_ip[$1]}"
}

traffic_old_port() { attempt "dns $1 > $service from port $old_port" query "$2" -b "0.0.0.0#$old_port" "@$service"; }
traffic_service() { attempt "dns $1 > $service" query "$2" "@$service"; }

traffic_dns_often() {
	local i

	for i in 1 2 3 4 5; do
		traffic_dns "$1" "$2"
	done
}

traffic_to_client() {
	local pod

	for pod in "$dns_pod" "${nodes[1]}-p2"; do
		attempt "ping $pod > ${pod_ip[$client_pod]}" ping_once "${pod_ns[$pod]}" "${pod_ip[$client_pod]}"
	done
}

traffic_martian() {
	local address=${node_ip[$3]} to

	attempt "ping $1 as $address > ${pod_ip[$dns_pod]}" in_ns "$2" ping -n -c 1 -W 1 -I "$address" "${pod_ip[$dns_pod]}"
	for to in "$service" "${pod_ip[$dns_pod]}"; do
		attempt "dns $1 as $address > $to" query "$2" -b "$address" "@$to"
	done
}

traffic_big() {
	local kind

	for kind in udp-big icmp-big; do
		attempt "$kind $1 > ${pod_ip[$dns_pod]}" in_ns "$2" "$labtool" $kind "${pod_ip[$dns_pod]}"
	done
}

# Each time from the start: what hangs in the queue has to know its neighbour, and the
# queue's allowance has to be used up by others.
traffic_uplink_down() {
	local ns=${node_ns[${nodes[1]}]} pid before pids=()

	fault_active uplink-down || die "the fault uplink-down is not on"
	rm "$state/faults/uplink-down"
	heal_uplink_down
	wait_settled
	ping_once "$ns" "${node_ip[${nodes[0]}]}" >/dev/null
	: >"$state/faults/uplink-down"
	fault_uplink_down
	in_ns "$ns" ping -q -n -c 1 -W 1 -s 240 "$gateway" >/dev/null || :
	before=$(in_ns "$ns" awk '$1 == "Ip:" && $2 ~ /[0-9]/ { print $7 }' /proc/net/snmp)
	for pid in 1 2; do
		ping_once "$2" "${pod_ip[$dns_pod]}" >/dev/null &
		pids+=($!)
		query "$2" "@${pod_ip[$dns_pod]}" >/dev/null &
		pids+=($!)
	done
	await "forwarded /run/netns/$ns $((before + ${#pids[@]}))"
	ip_in "$ns" <<<"link set eth0 down"
	for pid in "${pids[@]}"; do
		attempt "ping or dns $1 > ${pod_ip[$dns_pod]}" wait "$pid"
	done
}

# dig leaves with 0 for any answer at all.
status_is() {
	local want=$1 ns=$2 answer

	shift 2
	answer=$(ask "$ns" "$@") && [[ $answer == *"status: $want"* ]]
}

traffic_mixed() {
	local who=$1 ns=$2 node=$3 dns=${pod_ip[$dns_pod]} kind

	for kind in icmp-raw icmp-dgram udp-connected udp-unconnected udp-segment udp-unread \
		udp-in-flight tcp-connect tcp-unread; do
		attempt "$kind $who > $dns" in_ns "$ns" "$labtool" "$kind" "$dns"
	done
	for kind in udp-connected udp-unconnected udp-segment tcp-connect tcp-unread; do
		attempt "$kind $who > $service" in_ns "$ns" "$labtool" "$kind" "$service"
	done
	attempt "ping -s 3000 $who > $dns" in_ns "$ns" ping -n -c 2 -i 0.2 -W 2 -s 3000 "$dns"
	attempt "EDNS $who > $service" query "$ns" +edns +bufsize=4096 "@$service" AAAA
	attempt "truncated $who > $service" ask "$ns" +ignore +noedns "@$service" TXT long.cluster.local
	attempt "truncated, then TCP $who > $service" ask "$ns" "@$service" TXT huge.cluster.local
	attempt "TCP $who > $service" query "$ns" +tcp "@$service"
	attempt "NXDOMAIN $who > $service" status_is NXDOMAIN "$ns" "@$service" nowhere.example
	traffic_host "$node" "${node_ns[$node]}"
	attempt "pod added" pod_add "$node" comes-and-goes
	attempt "ping $node-comes-and-goes > $dns" ping_once "$prefix$node-comes-and-goes" "$dns"
	attempt "pod deleted" pod_del "$node" comes-and-goes
}

# KIND...; $rounds or $seconds bounds it, $interval paces it, $from is a pod
traffic() {
	local kind round=0 deadline who=$from ns node pace

	[ $# -gt 0 ] || set -- ping dns
	[ -n "${pod_ip[$who]:-}" ] || die "no such pod: $who"
	ns=${pod_ns[$who]} node=${pod_node[$who]}
	for kind; do
		[[ $'\n'$traffic_list == *$'\n'"$kind "* ]] || die "no such kind of traffic: $kind"
	done
	record_process "traffic.$BASHPID" "$BASHPID"
	exec {pace}<> <(:)
	deadline=$((SECONDS + seconds))
	while if ((seconds)); then ((SECONDS < deadline)); else ((round < rounds)); fi; do
		# A sleep without a process: nobody ever writes to this pipe.
		((round++ == 0)) || [ "$interval" = 0 ] || read -r -t "$interval" <&"$pace" || :
		for kind; do
			case $kind in
			host) traffic_host "$node" "${node_ns[$node]}" ;;
			*) "traffic_${kind//-/_}" "$who" "$ns" "$node" ;;
			esac
		done
	done
	# Once, at the end: it takes seconds where all else takes milliseconds.
	for kind; do
		[ "$kind" != mixed ] || attempt "graceful restart of $node" bird_restart_graceful "$node"
	done
	rm -f "$state/pid/traffic.$BASHPID"
	traffic_summary
}
