# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317,SC2154 # functions called by their names; variables of lab.sh
#
# Faults that an audit of the node finds without any traffic: what BGP, the routing daemons, the
# tunnel and the node's own knobs look like. What BIRD's configuration makes of them is in
# bird.sh, what comes of it for routes and sessions in peers.sh.

# ---- BGP ----

# NODE PEER: the session of NODE with that peer starts anew, as after its hold time
session_restart() {
	peers_of "$1"
	[[ " $REPLY " == *" $2 "* ]] || return 0
	session_name "$1" "${node_ip[$2]}"
	"$labtool" bird "${node_ctl[$1]}" "restart $REPLY" >/dev/null
}

# -I|-D [ADDRESS]: TCP port 179 between k8s02 and that address, or any
bgp_block() {
	local port rules='*filter'

	for port in --dport --sport; do
		rules+=$'\n'"$1 INPUT ${2:+-s $2/32} -p tcp -m tcp $port 179 -j DROP"
		rules+=$'\n'"$1 OUTPUT ${2:+-d $2/32} -p tcp -m tcp $port 179 -j DROP"
	done
	in_ns "${node_ns[${nodes[1]}]}" "$iptables-restore" --noflush <<<"$rules"$'\nCOMMIT'
}

fault_bgp_blocked() {
	bgp_block -I "${node_ip[${nodes[0]}]}"
	session_restart "${nodes[1]}" "${nodes[0]}"
	session_restart "${nodes[0]}" "${nodes[1]}"
}

heal_bgp_blocked() { bgp_block -D "${node_ip[${nodes[0]}]}"; }

fault_bgp_blocked_all() {
	local peer

	bgp_block -I
	speakers
	for peer in $REPLY; do
		[ "$peer" != "${nodes[1]}" ] || continue
		session_restart "${nodes[1]}" "$peer"
		session_restart "$peer" "${nodes[1]}"
	done
}

heal_bgp_blocked_all() { bgp_block -D; }

# With "persist" its routes stay as they are. What k8s01 announces from then on it never learns.
fault_bird_down() {
	stop_processes TERM "bird.${nodes[1]}"
	[ -z "$new_block" ] || ip -n "${node_ns[${nodes[0]}]}" -batch - <<<"addr add $new_address/32 dev lo"
}

heal_bird_down() {
	[ -z "$new_block" ] || ip_in "${node_ns[${nodes[0]}]}" <<<"addr del $new_address/32 dev lo"
	bird_configure
	bird_start_all
}

# k8s03 no longer speaks with k8s02, which waits for it before it touches any route.
fault_graceful_restart() {
	stop_processes KILL "bird.${nodes[1]}"
	bird_configure wait
	bird_start "${nodes[1]}" -R
}

# ---- routes ----

# GATEWAY DEVICE: where the BIRD of k8s02 puts the route to the block of k8s01, while it takes
# it for right
bird_mistaken() {
	REPLY="${node_block[${nodes[0]}]} $1 $2 ${node_ip[${nodes[0]}]}"
	write_file "$state/bird/${nodes[1]}.wrong"
}

bird_right() { rm -f "$state/bird/${nodes[1]}.wrong"; }

fault_wrong_device() { bird_mistaken "${node_ip[${nodes[0]}]}" eth0; }
heal_wrong_device() { bird_right; }
fault_wrong_gateway() { bird_mistaken "${node_ip[${nodes[2]}]}" "$tunnel"; }
heal_wrong_gateway() { bird_right; }

# BIRD puts it back every two seconds, so whoever it is has to insist.
fault_foreign_delete() {
	start_process foreign nsenter --net="/run/netns/${node_ns[${nodes[1]}]}" \
		"$labtool" foreign "${node_block[${nodes[0]}]}"
}

heal_foreign_delete() { stop_processes TERM foreign; }

# BIRD does not overwrite what is not its own.
fault_foreign_replace() {
	local second=${nodes[1]}

	ip -n "${node_ns[$second]}" -batch - <<<"route replace ${node_block[${nodes[0]}]} via ${node_gateway[$second]} dev eth0 proto static"
}

heal_foreign_replace() {
	ip_in "${node_ns[${nodes[1]}]}" <<<"route del ${node_block[${nodes[0]}]} proto static"
}

# add|del: the same routes once more, as Felix would have them
felix_routes() {
	local owner node=${nodes[1]} lines=''

	for owner in "${nodes[@]}"; do
		[ "$owner" != "$node" ] || continue
		route_healthy "$node" "$owner"
		lines+="route $1 ${node_block[$owner]} via ${REPLY% *} dev ${REPLY##* } onlink proto 80 metric 1024"$'\n'
	done
	ip_in "${node_ns[$node]}" <<<"${lines%$'\n'}"
}

fault_owner_conflict() { felix_routes add; }
heal_owner_conflict() { felix_routes del; }

# ---- the tunnel and the node ----

# With the last address the kernel flushes neighbours and routes. Felix sees to the former, which
# is us, and BIRD to the latter.
fault_tunnel_address() {
	local node=${nodes[1]}

	ip_in "${node_ns[$node]}" <<<"addr del ${node_tunnel_ip[$node]}/32 dev $tunnel"
	[ "$tunnel_kind" = vxlan ] || return 0
	vtep_lines "$node"
	ip_in "${node_ns[$node]}" <<<"$REPLY"
}

heal_tunnel_address() { ip_in "${node_ns[${nodes[1]}]}" <<<"addr add ${node_tunnel_ip[${nodes[1]}]}/32 dev $tunnel"; }

# The node's own packets then have the uplink's address in the tunnel, and k8s01 would answer these past it.
fault_tunnel_address_strict() {
	fault_tunnel_address
	node_sysctl "${nodes[0]}" "conf/$tunnel/rp_filter" 1
}

heal_tunnel_address_strict() {
	node_sysctl "${nodes[0]}" "conf/$tunnel/rp_filter" 0
	heal_tunnel_address
}

# The device of IPIP stays as long as its module: it is renamed, and down. BIRD then puts the
# routes on the underlay.
fault_tunnel_missing() {
	if [ "$tunnel_kind" = vxlan ]; then
		ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"link del $tunnel"
	else
		ip -n "${node_ns[${nodes[1]}]}" -batch - <<-END
			link set $tunnel down
			addr flush dev $tunnel
			link set $tunnel name nobody
		END
	fi
}

heal_tunnel_missing() {
	local node=${nodes[1]} lines=

	if [ "$tunnel_kind" = vxlan ]; then
		tunnel_lines "$node"
		lines=$REPLY
		vtep_lines "$node"
		lines+=$'\n'$REPLY
	else
		tunnel_lines "$node"
		lines="link set nobody name $tunnel"$'\n'$REPLY
	fi
	ip_in "${node_ns[$node]}" <<<"$lines"
	node_sysctl "$node" "conf/$tunnel/rp_filter" 0
	if [ "$tunnel_kind" = vxlan ]; then
		fdb_lines "$node"
		in_ns "${node_ns[$node]}" bridge -batch - <<<"$REPLY"
	fi
}

# Nor does the node answer its pods' ARP.
fault_forwarding_global() {
	gateway_pin
	node_sysctl "${nodes[1]}" ip_forward 0
}

heal_forwarding_global() {
	node_sysctl "${nodes[1]}" ip_forward 1
	gateway_unpin
}

# What the pods and the tunnel take to fit does not.
fault_mtu_mismatch() { ip_in "${node_ns[${nodes[1]}]}" <<<"link set eth0 mtu 1000"; }

heal_mtu_mismatch() {
	ip_in "${node_ns[${nodes[1]}]}" <<-END
		link set eth0 mtu 1500
		route flush cache
	END
	ip_in "${pod_ns[$client_pod]}" <<<"route flush cache"
}
