# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of lab.sh
#
# What this kernel and this lab can do, found out by trying in a namespace that goes at once;
# only what follows from the plan is decided by it. Each function is successful, or says why
# not.

# REASON: what "can" says, and a no
cannot() {
	echo "$1"
	return 1
}

# REASON COMMAND: does it work in an empty network namespace? Who is going to do it anyway
# sees for himself.
try() {
	[ "$verb" != fault ] || return 0
	unshare -n bash -c "set -e; PATH=$PATH; $2" >/dev/null 2>&1 || cannot "$1"
}

needs_tunnel() {
	tunnelled "${nodes[1]}" "${nodes[0]}" || cannot "no tunnel between ${nodes[1]} and ${nodes[0]} in this lab"
}

needs_vxlan() {
	needs_tunnel || return
	[ "$tunnel_kind" = vxlan ] || cannot "this lab has no VXLAN"
}

needs_third_node() {
	((count >= 3)) || cannot "this lab has two nodes only"
	[ "${node_subnet[${nodes[1]}]}" = "${node_subnet[${nodes[2]}]}" ] ||
		cannot "${nodes[2]} is in another subnet, which cannot be a next hop"
}

# Its sessions with the other subnet would go as well.
needs_one_subnet() { [ "$encap" != crosssubnet ] || cannot "the other subnet is reached by the default route"; }

# FAULT: its very rules, by its backend
can_filter() {
	filter_prepare "$1" -I
	if [ "$filter_by" = nft ]; then
		try "nft cannot do it here" "nft -f - <<<'$REPLY'"
	else
		try "$filter_by cannot do it here" "$filter_by-restore <<<'$REPLY'"
	fi
}

needs_mesh() { [ "$peers" = mesh ] || cannot "it is between two nodes that peer, and here ${nodes[1]} peers with $peers"; }

can_bpf() { try "no BPF filters of TC here" "$labtool filter lo ingress 1 ip drop"; }

can_tbf() { try "no tbf queue here" "tc qdisc add dev lo root tbf rate 8bit burst 300 limit 90"; }

# NAME of a fault or a feature
can() {
	if felix_routes_all; then
		case $1 in
		blackhole-route | prohibit-route | unreachable-route | stale-32 | bird-down | owner-conflict)
			cannot "it is BIRD's to put a route there, and here Felix does"
			return
			;;
		esac
	fi
	case $block_len/$1 in
	32/wrong-node | 32/wrong-nexthop)
		cannot "a BIRD that leaves the kernel alone knows of no pod any more, and so of no block"
		return
		;;
	32/stale-pod | 32/stale-32 | 32/client-link-down | 32/bird-down)
		cannot "a block of one address is a pod's, and goes with it"
		return
		;;
	esac
	case $1 in
	felix-route-missing) felix_routes_all || cannot "here BIRD puts the routes there (--routes-by felix)" ;;
	filter-tc* | corrupt | neigh-outer) can_bpf ;;
	filter-xdp) try "no generic XDP here" "$labtool xdp lo" ;;
	filter-*) can_filter "$1" ;;
	policy-deny* | policy-traced | conntrack-invalid | calico-rpf) can_policy "$1" ;;
	rpf-tunnel) needs_tunnel && needs_mesh ;;
	allowlist | underlay-route | tunnel-down | tunnel-down-peer | wrong-nexthop) needs_tunnel ;;
	checksum-offload) needs_vxlan && try "no ethtool here" "ethtool --version" && can_bpf ;;
	rpf-uplink)
		[ "$docker_net" != none ] || cannot "this lab has no docker0" || return
		needs_tunnel
		;;
	tunnel-address-strict) needs_tunnel ;;
	tunnel-address | tunnel-missing | wrong-device) needs_tunnel ;;
	neigh-inner | fdb-missing) needs_vxlan ;;
	stale-32) [ -n "$stale_node" ] || cannot "$node_net has no room for one more node" ;;
	wrong-node) needs_third_node ;;
	wrong-gateway)
		# that a block's owner is another than BIRD's next hop, only the owner's session tells
		needs_tunnel && needs_mesh && needs_third_node
		;;
	graceful-restart) needs_mesh && needs_third_node ;;
	session-down | bgp-blocked)
		[ "$peers" != router ] || cannot "here ${nodes[1]} peers with the router only"
		;;
	return-route-missing)
		[ "$peers" != reflector ] || cannot "what the reflector does not take it does not reflect, either"
		;;
	no-endpoints) try "no REJECT by $iptables here" "$iptables-restore <<<$'*filter\n-A FORWARD -p udp -j REJECT --reject-with icmp-port-unreachable\nCOMMIT'" ;;
	no-route | no-default-route) needs_one_subnet ;;
	overload-qdisc | uplink-down) can_tbf ;;
	*) fault_known "$1" || can_feature "$1" ;;
	esac
}
