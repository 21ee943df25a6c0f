# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317,SC2154 # functions called by their names; variables of lab.sh
#
# The faults that kill packets below and beside the routing: firewalls, TC, XDP, allow-lists,
# neighbours, devices, queues and sockets. BIRD has no part in these, and keeps its sessions.
# What a fault has to remember for its heal it writes into its file, which the heal finds in
# $fault_left.

client_dev() { REPLY=${pod_dev[$client_pod]}; }

# FAULT TEXT
remember() { echo "$2" >>"$state/faults/$1"; }

# In the namespace of a node; what is there already, or no longer, is no error.
ip_in() { ip -n "$1" -force -batch - 2>/dev/null || :; }

# ---- firewalls ----

# NAME of a filter fault: node, table, hook, match by iptables and by nft, verdict
filter_plan() {
	local dev client=${pod_ip[$client_pod]} dns=${pod_ip[$dns_pod]} block=${node_block[${nodes[0]}]}

	filter_node=${nodes[1]} filter_table=filter filter_verdict=DROP
	case $1 in
	filter-forward*) filter_hook=FORWARD filter_match="-s $client" filter_nft="ip saddr $client" ;;
	filter-raw*) filter_table=raw filter_hook=PREROUTING filter_match="-s $client" filter_nft="ip saddr $client" ;;
	filter-input*) filter_hook=INPUT filter_match="-i cali+" filter_nft='iifname "cali*"' ;;
	filter-output*) filter_hook=OUTPUT filter_match="-d $block" filter_nft="ip daddr $block" ;;
	filter-reject*)
		filter_node=${nodes[0]} filter_verdict='REJECT --reject-with icmp-port-unreachable'
		filter_hook=FORWARD filter_match="-d $dns" filter_nft="ip daddr $dns"
		;;
	esac
}

# The backend of a filter fault: as its name says, or the lab's
filter_backend() {
	case $1 in
	*-legacy) REPLY=iptables-legacy ;;
	*-nft) REPLY=nft ;;
	*) REPLY=$iptables ;;
	esac
}

# -I|-D: the rules for iptables-restore
filter_rules() {
	local proto

	REPLY="*$filter_table"
	for proto in "icmp -m icmp --icmp-type 8" "udp -m udp --dport 53" "tcp -m tcp --dport 53"; do
		REPLY+=$'\n'"$1 $filter_hook $filter_match -p $proto -j $filter_verdict"
	done
	REPLY+=$'\nCOMMIT'
}

# FAULT: its table, which $filter_table_name is the name of
filter_nft_table() {
	local match verdict=drop priority=filter

	[ "$filter_verdict" = DROP ] || verdict='reject with icmp type port-unreachable'
	[ "$filter_table" = filter ] || priority=raw
	filter_table_name=lab_${1//-/_}
	REPLY="table ip $filter_table_name {
	chain fault {
		type filter hook ${filter_hook,,} priority $priority; policy accept;"
	for match in "icmp type echo-request" "udp dport 53" "tcp dport 53"; do
		REPLY+=$'\n'"$filter_nft $match $verdict"
	done
	REPLY+=$'\n}\n}'
}

# filter_prepare FAULT -I|-D: its backend in $filter_by, what is to be handed to that in REPLY
filter_prepare() {
	filter_plan "$1"
	filter_backend "$1"
	filter_by=$REPLY
	if [ "$filter_by" = nft ]; then filter_nft_table "$1"; else filter_rules "$2"; fi
}

filter_on() {
	filter_prepare "$1" -I
	if [ "$filter_by" = nft ]; then
		in_ns "${node_ns[$filter_node]}" nft -f - <<<"$REPLY"
	else
		in_ns "${node_ns[$filter_node]}" "$filter_by-restore" --noflush <<<"$REPLY"
	fi
}

filter_off() {
	filter_prepare "$1" -D
	if [ "$filter_by" = nft ]; then
		in_ns "${node_ns[$filter_node]}" nft delete table ip "$filter_table_name"
	else
		in_ns "${node_ns[$filter_node]}" "$filter_by-restore" --noflush <<<"$REPLY"
	fi
}

fault_allowlist() { allowlist_apply; }
heal_allowlist() { allowlist_apply; }

# ---- TC and XDP ----

# FAULT NETNS DEVICE DIRECTION PRIORITY PROTOCOL PROGRAM [ADDRESS]
tc_on() {
	local fault=$1 ns=$2 made

	made=$(in_ns "$ns" "$labtool" filter "${@:3}")
	remember "$fault" "$made"
}

# NETNS DEVICE DIRECTION PRIORITY: the qdisc goes if it was ours and nobody uses it by now.
tc_off() {
	local ns=$1 dev=$2 left

	in_ns "$ns" tc filter del dev "$dev" "$3" pref "$4"
	[ "$fault_left" = qdisc ] || return 0
	left=$(in_ns "$ns" tc filter show dev "$dev" ingress)$(in_ns "$ns" tc filter show dev "$dev" egress)
	[ -n "$left" ] || in_ns "$ns" tc qdisc del dev "$dev" clsact
}

tc_client_on() {
	client_dev
	tc_on "$1" "${node_ns[${nodes[1]}]}" "$REPLY" ingress "$2" ip "$3"
}

tc_client_off() {
	client_dev
	tc_off "${node_ns[${nodes[1]}]}" "$REPLY" ingress "$1"
}

fault_filter_tc() { tc_client_on filter-tc 50 drop; }
heal_filter_tc() { tc_client_off 50; }
fault_filter_tc_first() { tc_client_on filter-tc-first 1 drop; }
heal_filter_tc_first() { tc_client_off 1; }
fault_filter_tc_pass() { tc_client_on filter-tc-pass 1 pass; }
heal_filter_tc_pass() { tc_client_off 1; }

fault_filter_xdp() {
	client_dev
	in_ns "${node_ns[${nodes[1]}]}" "$labtool" xdp "$REPLY"
}

heal_filter_xdp() {
	client_dev
	ip_in "${node_ns[${nodes[1]}]}" <<<"link set $REPLY xdpgeneric off"
}

# On its way out of the pod, so that whatever the client sends is wrong
fault_corrupt() { tc_on corrupt "${pod_ns[$client_pod]}" eth0 egress 1 ip corrupt; }
heal_corrupt() { tc_off "${pod_ns[$client_pod]}" eth0 egress 1; }

# On the uplink of k8s02, whose device no longer makes checksums, so that this one is final
fault_checksum_offload() {
	in_ns "${node_ns[${nodes[1]}]}" ethtool -K eth0 tx off >/dev/null
	tc_on checksum-offload "${node_ns[${nodes[1]}]}" eth0 egress 60000 ip corrupt-vxlan
}

heal_checksum_offload() {
	tc_off "${node_ns[${nodes[1]}]}" eth0 egress 60000
	in_ns "${node_ns[${nodes[1]}]}" ethtool -K eth0 tx on >/dev/null
}

# ---- what the client does wrong, and its device ----

# The node knows where the client is, whatever the client makes of a question from its own address.
fault_martian() {
	local mac

	mac=$(ip -n "${pod_ns[$client_pod]}" -o link show dev eth0)
	mac=${mac#*link/ether }
	client_dev
	ip_in "${node_ns[${nodes[1]}]}" <<<"neigh replace ${pod_ip[$client_pod]} lladdr ${mac%% *} dev $REPLY nud permanent"
	gateway_pin
	ip_in "${pod_ns[$client_pod]}" <<<"addr add ${node_ip[${nodes[1]}]}/32 dev eth0"
}

heal_martian() {
	client_dev
	ip_in "${node_ns[${nodes[1]}]}" <<<"neigh del ${pod_ip[$client_pod]} dev $REPLY"
	ip_in "${pod_ns[$client_pod]}" <<<"addr del ${node_ip[${nodes[1]}]}/32 dev eth0"
	gateway_unpin
}

fault_ttl() { ns_sysctl "${pod_ns[$client_pod]}" ip_default_ttl 1; }
heal_ttl() { ns_sysctl "${pod_ns[$client_pod]}" ip_default_ttl 64; }

client_knob() {
	client_dev
	node_sysctl "${nodes[1]}" "conf/$REPLY/$1" "$2"
}

# Nor would the node answer the client's ARP.
fault_forwarding_off() {
	gateway_pin
	client_knob forwarding 0
}

heal_forwarding_off() {
	client_knob forwarding 1
	gateway_unpin
}

fault_proxy_arp_off() {
	client_knob proxy_arp 0
	ip_in "${pod_ns[$client_pod]}" <<<"neigh del 169.254.1.1 dev eth0"
}

heal_proxy_arp_off() {
	client_knob proxy_arp 1
	ip_in "${pod_ns[$client_pod]}" <<<"neigh del 169.254.1.1 dev eth0"
}

# The client's /32 by the device DEV
client_route() { REPLY="route replace ${pod_ip[$client_pod]} dev $1 scope link"; }

# ARP is refused likewise, so the client must not depend on it.
fault_rpf_cali() {
	gateway_pin
	client_knob rp_filter 1
	client_route "${pod_dev[${nodes[1]}-p2]}"
	ip_in "${node_ns[${nodes[1]}]}" <<<"$REPLY"
}

heal_rpf_cali() {
	client_route "${pod_dev[$client_pod]}"
	ip_in "${node_ns[${nodes[1]}]}" <<<"$REPLY"
	client_knob rp_filter 0
	gateway_unpin
}

# What k8s01 would send to k8s02 leaves by a bridge that leads nowhere. ARP is refused likewise, so
# k8s02 must not have to ask; BIRD learns no route that calls itself the kernel's.
fault_rpf_uplink() {
	ip_in "${node_ns[${nodes[1]}]}" <<<"neigh change ${node_ip[${nodes[0]}]} dev eth0 nud permanent"
	node_sysctl "${nodes[0]}" conf/eth0/rp_filter 1
	ip -n "${node_ns[${nodes[0]}]}" -batch - <<<"route add ${node_ip[${nodes[1]}]} dev $docker_dev proto kernel"
}

heal_rpf_uplink() {
	ip_in "${node_ns[${nodes[0]}]}" <<<"route del ${node_ip[${nodes[1]}]} dev $docker_dev proto kernel"
	node_sysctl "${nodes[0]}" conf/eth0/rp_filter 0
	ip_in "${node_ns[${nodes[1]}]}" <<<"neigh change ${node_ip[${nodes[0]}]} dev eth0 nud reachable"
}

fault_client_link_down() {
	client_dev
	ip_in "${node_ns[${nodes[1]}]}" <<<"link set $REPLY down"
}

# The kernel has flushed the route.
heal_client_link_down() {
	client_dev
	client_route "$REPLY"
	ip_in "${node_ns[${nodes[1]}]}" <<-END
		link set ${pod_dev[$client_pod]} up
		$REPLY
	END
}

# ---- neighbours ----

# In the underlay, where neither node sees why. k8s01 has its own entries for the others.
fault_neigh_outer() {
	tc_on neigh-outer "${prefix}ul" port2 egress 1 arp drop-sender "${node_ip[${nodes[0]}]}"
	neighbour_forget
}

heal_neigh_outer() {
	tc_off "${prefix}ul" port2 egress 1
	neighbour_forget
}

neighbour_forget() { ip_in "${node_ns[${nodes[1]}]}" <<<"neigh del ${node_ip[${nodes[0]}]} dev eth0"; }

fault_neigh_inner() { ip_in "${node_ns[${nodes[1]}]}" <<<"neigh del ${node_ip[${nodes[0]}]} dev $tunnel"; }

heal_neigh_inner() {
	vtep_lines "${nodes[1]}"
	ip_in "${node_ns[${nodes[1]}]}" <<<"$REPLY"
}

fault_neigh_pod() {
	ip_in "${pod_ns[$dns_pod]}" <<<"link set eth0 arp off"
	ip_in "${node_ns[${nodes[0]}]}" <<<"neigh del ${pod_ip[$dns_pod]} dev ${pod_dev[$dns_pod]}"
}

heal_neigh_pod() {
	ip_in "${pod_ns[$dns_pod]}" <<<"link set eth0 arp on"
	ip_in "${node_ns[${nodes[0]}]}" <<<"neigh del ${pod_ip[$dns_pod]} dev ${pod_dev[$dns_pod]}"
}

# del|replace ADDRESS: where k8s02 believes the VTEP of k8s01 to be
fdb_change() {
	local line="fdb $1 ${node_vtep_mac[${nodes[0]}]} dev $tunnel dst $2 self permanent"

	in_ns "${node_ns[${nodes[1]}]}" bridge -batch - <<<"$line"
}

fault_fdb_missing() { fdb_change del "${node_ip[${nodes[0]}]}"; }
heal_fdb_missing() { fdb_change replace "${node_ip[${nodes[0]}]}"; }

# ---- devices and queues ----

fault_pod_link_down() { ip_in "${pod_ns[$dns_pod]}" <<<"link set eth0 down"; }

heal_pod_link_down() {
	ip_in "${pod_ns[$dns_pod]}" <<-END
		link set eth0 up
		route replace 169.254.1.1 dev eth0 scope link
		route replace default via 169.254.1.1 dev eth0
	END
	# What it had in mind while there was no carrier
	ip_in "${node_ns[${nodes[0]}]}" <<<"neigh del ${pod_ip[$dns_pod]} dev ${pod_dev[$dns_pod]}"
}

fault_tunnel_down() { ip_in "${node_ns[${nodes[1]}]}" <<<"link set $tunnel down"; }
heal_tunnel_down() { tunnel_back "${nodes[1]}"; }
fault_tunnel_down_peer() { ip_in "${node_ns[${nodes[0]}]}" <<<"link set $tunnel down"; }
heal_tunnel_down_peer() { tunnel_back "${nodes[0]}"; }

# With all that the kernel has flushed. BIRD would see to the routes, but only at its next scan.
tunnel_back() {
	local node=$1 owner block protocol lines="link set $tunnel up"

	if [ "$tunnel_kind" = vxlan ]; then
		vtep_lines "$node"
		lines+=$'\n'$REPLY
		fdb_lines "$node"
		in_ns "${node_ns[$node]}" bash -c "ip link set '$tunnel' up && exec bridge -batch - <<<'$REPLY'"
	fi
	route_protocol
	protocol=$REPLY
	for owner in "${nodes[@]}"; do
		[ "$owner" != "$node" ] && tunnelled "$node" "$owner" || continue
		node_blocks "$owner"
		for block in $REPLY; do
			lines+=$'\n'"route replace $block via ${node_ip[$owner]} dev $tunnel onlink proto $protocol"
		done
	done
	ip_in "${node_ns[$node]}" <<<"$lines"
}

# RATE BURST LIMIT: the queue of k8s02's uplink
uplink_queue() {
	in_ns "${node_ns[${nodes[1]}]}" tc qdisc replace dev eth0 root tbf rate "$1" burst "$2" limit "$3"
}

# ARP, TCP's acknowledgements and what BGP sends to stay alive still fit in.
readonly tiny_queue='100mbit 5000 90'

fault_overload_qdisc() {
	# shellcheck disable=SC2086 # three words
	uplink_queue $tiny_queue
}

heal_overload_qdisc() { in_ns "${node_ns[${nodes[1]}]}" tc qdisc del dev eth0 root; }

# After a packet or two whatever is sent waits for minutes.
readonly slow_queue='8bit 300 100000'

# The queue holds back what would resolve a neighbour, too; what waits for that dies another death.
neighbours_confirm() {
	local ns=${node_ns[${nodes[1]}]} dst rest

	while read -r dst rest; do
		[[ $rest != *lladdr* ]] || echo "neigh change $dst dev eth0 nud reachable"
	done <<<"$(ip -n "$ns" -4 neigh show dev eth0)" | ip_in "$ns"
}

fault_uplink_down() {
	neighbours_confirm
	# shellcheck disable=SC2086 # three words
	uplink_queue $slow_queue
}

# With the device went the default route; BIRD sees to those of the blocks.
uplink_up() {
	default_route_line "${nodes[1]}" replace
	ip_in "${node_ns[${nodes[1]}]}" <<-END
		link set eth0 up
		$REPLY
	END
}

heal_uplink_down() {
	in_ns "${node_ns[${nodes[1]}]}" tc qdisc del dev eth0 root
	uplink_up
}

# The device that the client's packets leave by
outgoing_dev() {
	REPLY=eth0
	! tunnelled "${nodes[1]}" "${nodes[0]}" || REPLY=$tunnel
}

fault_too_big() {
	outgoing_dev
	ip_in "${node_ns[${nodes[1]}]}" <<<"link set $REPLY mtu 1000"
}

# Who was told of the small MTU would remember it for ten minutes.
heal_too_big() {
	local whole=$mtu

	outgoing_dev
	[ "$REPLY" != eth0 ] || whole=1500
	ip_in "${node_ns[${nodes[1]}]}" <<-END
		link set $REPLY mtu $whole
		route flush cache
	END
	ip_in "${pod_ns[$client_pod]}" <<<"route flush cache"
}

# ---- the DNS server ----

# ARGUMENT... of labtool's servers, in the place of dnsmasq
dns_replace() {
	stop_processes TERM dns
	[ $# -gt 0 ] || return 0
	start_process dns-fault nsenter --net="/run/netns/${pod_ns[$dns_pod]}" \
		"$labtool" serve "$1" "${pod_ip[$dns_pod]}" "${@:2}"
	await "listening /run/netns/${pod_ns[$dns_pod]} 53"
}

dns_back() {
	stop_processes TERM dns-fault
	start_dns
	await "listening /run/netns/${pod_ns[$dns_pod]} 53"
}

fault_no_socket() { dns_replace; }
heal_no_socket() { dns_back; }
fault_overload_socket() { dns_replace stuck; }
heal_overload_socket() { dns_back; }
fault_dns_silent() { dns_replace silent; }
heal_dns_silent() { dns_back; }
fault_dns_slow() { dns_replace dns 2600; }
heal_dns_slow() { dns_back; }
fault_dns_servfail() { dns_replace dns 0 2; }
heal_dns_servfail() { dns_back; }
fault_dns_nxdomain() { dns_replace dns 0 3; }
heal_dns_nxdomain() { dns_back; }
