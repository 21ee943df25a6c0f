# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of lab.sh
#
# Who speaks BGP with whom, and what has to come of it: routes and sessions as the faults that
# are on call for. Three ways to peer (--peers), all of them healthy:
#
#   mesh       each node with each other one
#   reflector  each node with the first one only, which reflects
#   router     each node with the gateway only, "router" here; no tunnel, and the gateway is
#              the next hop to every block
#
# Functions give their result in REPLY.

# NODE|router: those it peers with
peers_of() {
	local peer

	REPLY=
	case $peers/$1 in
	router/router) REPLY=${nodes[*]} ;;
	router/*) REPLY=router ;;
	reflector/*)
		REPLY=${nodes[0]}
		[ "$1" != "$REPLY" ] || REPLY=${nodes[*]:1}
		;;
	*) for peer in "${nodes[@]}"; do [ "$peer" = "$1" ] || REPLY+=" $peer"; done ;;
	esac
}

# Every BIRD of the lab
speakers() {
	REPLY=${nodes[*]}
	[ "$peers" != router ] || REPLY+=" router"
}

# NODE ADDRESS: what BIRD there calls its session with that address
session_name() {
	local kind=Mesh

	case $peers/$1 in
	mesh/*) ;;
	"reflector/${nodes[0]}") kind=Node ;;
	*) kind=Global ;;
	esac
	REPLY=${kind}_${2//./_}
}

bird_stopped() { fault_active bird-killed || fault_active bird-down; }

# Two that peer have a session, as the faults go.
session_up() {
	local first=${nodes[0]} second=${nodes[1]} third=${nodes[2]:-}

	case " $1 $2 " in
	*" $second "*)
		if incident_active || bird_stopped || fault_active bgp-blocked-all ||
			fault_active felix-route-missing; then
			return 1
		fi
		;;
	esac
	case $1/$2 in
	"$first/$second" | "$second/$first") ! fault_active session-down && ! fault_active bgp-blocked ;;
	"$second/$third" | "$third/$second") ! fault_active graceful-restart ;;
	esac
}

# BGP brings the block of OWNER to NODE: announced NODE OWNER
announced() {
	local hub=router

	if [ "$peers" = mesh ]; then
		session_up "$1" "$2"
		return
	fi
	[ "$peers" = router ] || hub=${nodes[0]}
	{ [ "$1" = "$hub" ] || session_up "$1" "$hub"; } &&
		{ [ "$2" = "$hub" ] || session_up "$hub" "$2"; }
}

# The gateway that BIRD believes in, for the block of another node, before any tunnel
bird_gateway() {
	REPLY=${node_ip[$2]}
	if [ "$peers" = router ]; then
		REPLY=$gateway
	elif [ "${node_subnet[$1]}" != "${node_subnet[$2]}" ]; then
		REPLY=${node_gateway[$1]}
	fi
}

# The gateway and device of a healthy route from a node to another's block
route_healthy() {
	bird_gateway "$1" "$2"
	REPLY+=" eth0"
	! tunnelled "$1" "$2" || REPLY="${node_ip[$2]} $tunnel"
}

# What the fault of a route from k8s02 to the block of k8s01 makes of a healthy one, which is
# in $want
faulty_route() {
	local first=${nodes[0]}

	! fault_active unreachable-route || want=reject
	! fault_active prohibit-route || want=reject
	! fault_active blackhole-route || want="route 0.0.0.0 *"
	! fault_active wrong-node || want="route ${node_ip[${nodes[2]}]} ${want##* }"
	if fault_active wrong-nexthop && [ "$tunnel_kind" = ipip ]; then
		want="route ${wrong%/*} $tunnel"
	fi
	! fault_active wrong-gateway || want="route ${node_ip[${nodes[2]}]} $tunnel"
	! fault_active wrong-device || want="route ${node_ip[$first]} eth0"
	! fault_active foreign-replace || want="route ${node_gateway[${nodes[1]}]} eth0"
	! fault_active foreign-delete || want=gone
	! fault_active no-route || want=gone
	! fault_active felix-route-missing || want=gone
}

# What the node's route to the owner's block should be, with the faults that are on: a
# condition without its namespace and prefix, or nothing.
expected_route() {
	local first=${nodes[0]} second=${nodes[1]} want

	route_healthy "$1" "$2"
	want="route $REPLY"
	# What is not re-learned yet stays while a graceful restart goes on; a BIRD that has
	# stopped changes nothing any more.
	if felix_routes_all; then
		felix_gateway "$1" "$2"
		want="route $REPLY ${want##* }"
	elif ! announced "$1" "$2" && ! { [ "$1" = "$second" ] &&
		{ fault_active graceful-restart || fault_active bird-down; }; }; then
		want=gone
	fi
	case $1/$2 in
	"$second/$first") faulty_route ;;
	"$first/$second")
		if fault_active return-route-missing || fault_active rpf-tunnel; then want=gone; fi
		;;
	esac
	if fault_active block-withdrawn && [ "$2" = "$first" ] && ! felix_routes_all; then want=gone; fi
	if fault_active tunnel-missing && [ "$1" = "$second" ] && tunnelled "$1" "$2"; then
		bird_gateway "$1" "$2"
		want="route $REPLY eth0"
		! felix_routes_all || want=gone
	fi
	if fault_active tunnel-down-peer && [ "$1" = "$first" ]; then want=gone; fi
	if fault_active tunnel-down && [ "$1" = "$second" ]; then want=gone; fi
	if fault_active bird-killed && [ "$1" = "$second" ]; then want=; fi
	if fault_active uplink-down && [ "$1" = "$second" ]; then want=; fi
	REPLY=$want
}

expected_sessions() {
	local peer n=0

	peers_of "$1"
	for peer in $REPLY; do
		! session_up "$1" "$peer" || n=$((n + 1))
	done
	REPLY=$n
}

# NODE|router: its sessions, as conditions in conds
await_sessions() {
	local node=$1 list

	if [ "$node" = "${nodes[1]}" ] && bird_stopped; then
		return
	fi
	if [ "$node" = "${nodes[1]}" ] && fault_active graceful-restart; then
		conds+=("recovering ${node_ctl[$node]}")
		return
	fi
	expected_sessions "$node"
	[ "$node" != "${nodes[1]}" ] || REPLY=$((REPLY + ${#big_ip[@]} - big_down))
	conds+=("established ${node_ctl[$node]} $REPLY")
	if [ "$node" = "${nodes[1]}" ] && incident_active; then
		# A session that is disabled does not even try.
		peers_of "$node"
		read -r -a list <<<"$REPLY"
		! fault_active session-down || list=("${list[@]:1}")
		conds+=("failing ${node_ctl[$node]} ${#list[@]}")
	fi
}

# Wait until routes and sessions are what the faults that are on call for; that is all routes
# and all sessions when there are none.
wait_settled() {
	local node owner ns conds=()

	for node in "${nodes[@]}"; do
		ns=/run/netns/${node_ns[$node]}
		for owner in "${nodes[@]}"; do
			[ "$owner" != "$node" ] || continue
			expected_route "$node" "$owner"
			[ -z "$REPLY" ] || conds+=("${REPLY%% *} $ns ${node_block[$owner]}${REPLY#"${REPLY%% *}"}")
		done
		if ((block_len < 32)) && ! { [ "$node" = "${nodes[1]}" ] && fault_active bird-killed; }; then
			conds+=("route $ns ${node_block[$node]} 0.0.0.0 *")
		fi
		await_sessions "$node"
	done
	[ "$peers" != router ] || await_sessions router
	if fault_active bird-down && [ -n "$new_block" ]; then
		route_healthy "${nodes[2]:-${nodes[0]}}" "${nodes[0]}"
		[ "$count" -lt 3 ] || conds+=("route /run/netns/${node_ns[${nodes[2]}]} $new_block $REPLY")
	fi
	ns=/run/netns/${node_ns[${nodes[1]}]}
	route_healthy "${nodes[1]}" "${nodes[0]}"
	if [ -e "$state/lent" ]; then
		conds+=("route $ns $stale_address/32 $REPLY")
	elif ! fault_active stale-32; then
		conds+=("gone $ns $stale_address/32")
	elif ! bird_stopped; then
		# a node of this one's subnet
		conds+=("route $ns $stale_address/32 $stale_node ${REPLY##* }")
	fi
	big_await
	await "${conds[@]}"
}
