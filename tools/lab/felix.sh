# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of lab.sh
#
# Felix as the owner of the routes to blocks (--routes-by felix): protocol 80, on link, whatever BGP
# says. BIRD goes on to announce, and puts none into the kernel. What Felix would have there
# follows from what the cluster has on record, wrong addresses included, and from the faults.

felix_routes_all() { [ "$routes_by" = felix ]; }

# The protocol of routes that a fault or its heal puts where the daemon's own was
route_protocol() {
	REPLY=bird
	! felix_routes_all || REPLY=80
}

# What somebody else does to a route Felix does not undo at once: it looks every 90 s.
felix_blind() {
	[ "$1/$2" = "${nodes[1]}/${nodes[0]}" ] || return 1
	fault_active foreign-delete || fault_active foreign-replace || fault_active wrong-node ||
		fault_active wrong-nexthop
}

# The gateway of NODE's route to the block of OWNER. Of VXLAN it is the VTEP, which stays.
felix_gateway() {
	registered_address "$2"
	if [ "$tunnel_kind" = vxlan ] && tunnelled "$1" "$2"; then REPLY=${node_ip[$2]}; fi
}

# NODE: its routes as lines for "ip -batch"
felix_lines() {
	local node=$1 owner want block text=

	# What leads to the pod itself is no blackhole.
	[[ ${node_block[$1]} == */32 ]] || text="route replace blackhole ${node_block[$1]} proto 80"$'\n'
	for owner in "${nodes[@]}"; do
		[ "$owner" != "$node" ] || continue
		! felix_blind "$node" "$owner" || continue
		expected_route "$node" "$owner"
		want=$REPLY
		node_blocks "$owner"
		for block in $REPLY; do
			case $want in
			"route "*) text+="route replace $block via ${want#route } onlink proto 80"$'\n' ;;
			gone) text+="route del $block proto 80"$'\n' ;;
			esac
		done
	done
	# An address that the first node's pod has borrowed of this one
	if [ "$node" = "${nodes[1]}" ] && [ -e "$state/lent" ]; then
		expected_route "$node" "${nodes[0]}"
		text+="route replace $stale_address/32 via ${REPLY#route } onlink proto 80"$'\n'
	elif [ "$node" = "${nodes[1]}" ]; then
		text+="route del $stale_address/32 proto 80"$'\n'
	fi
	# "route GATEWAY DEVICE" is all but what ip wants.
	REPLY=$(sed -E 's/ via ([0-9.]+) ([^ ]+) onlink/ via \1 dev \2 onlink/' <<<"${text%$'\n'}")
}

# Where the other nodes believe the VTEP of k8s02 to be
felix_vtep_line() {
	registered_address "${nodes[1]}"
	REPLY="fdb replace ${node_vtep_mac[${nodes[1]}]} dev $tunnel dst $REPLY self permanent"
}

# By a program of Felix' name, as the kernel has it: whoever else changed a route was not Felix.
felix_apply() {
	local node

	felix_routes_all || return 0
	if [ ! -e "$state/tmp/calico-node" ]; then cp "$(type -P ip)" "$state/tmp/calico-node"; fi
	for node in "${nodes[@]}"; do
		felix_lines "$node"
		(exec -a ip "$state/tmp/calico-node" -n "${node_ns[$node]}" -force -batch - <<<"$REPLY" 2>/dev/null) || :
		[ "$tunnel_kind" = vxlan ] && [ "$node" != "${nodes[1]}" ] || continue
		felix_vtep_line
		in_ns "${node_ns[$node]}" bridge -batch - <<<"$REPLY"
	done
}

# All sessions of k8s02 are down, which is nothing to Felix' routes; and one of these is missing.
fault_felix_route_missing() { fault_bgp_blocked_all; }
heal_felix_route_missing() { heal_bgp_blocked_all; }
