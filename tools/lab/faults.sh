# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The faults. One that is on is a file in $state/faults; what BIRD's configuration, the
# allow-lists and wait_settled make of it is in the parts that own these. Here is the rest.
# Both verbs may be repeated, and faults may be on together.

readonly fault_list='incident              k8s02 is registered with another address: its BGP sessions, its routes, the routes to it go
incident-bind         the same, but k8s02 itself uses that address, which it no longer has: BIRD fails in bind()
block-withdrawn       k8s01 no longer announces its block; all sessions stay up
bird-killed           BIRD of k8s02 is killed: its routes stay, the others lose its block
return-route-missing  k8s01 has no route to the block of k8s02; all sessions stay up
unreachable-route     k8s02 cannot resolve the next hop of the block of k8s01: the route is "unreachable"
stale-pod             pods at DEAD_REMOTE (k8s01) and DEAD_LOCAL (k8s02) are gone, their CNI results linger
no-default-route      k8s02 has no default route, and its pods have forgotten their gateway
session-down          the session between k8s02 and k8s01 is disabled, all others are up'

fault_active() { [ -e "$state/faults/$1" ]; }

# Either form of the founding incident.
incident_active() { fault_active incident || fault_active incident-bind; }

fault_known() { [[ $'\n'$fault_list == *$'\n'"$1 "* ]] || die "no such fault: $1 (lab.sh faults)"; }

faults_active() {
	local file

	REPLY=
	for file in "$state"/faults/*; do
		[ ! -e "$file" ] || REPLY+=" ${file##*/}"
	done
	REPLY=${REPLY# }
}

fault() {
	local name=$1 second=${nodes[1]}

	fault_known "$name"
	if fault_active "$name"; then
		wait_settled
		return
	fi
	# From a healthy lab, so that what is gone afterwards has been there.
	faults_active
	[ -n "$REPLY" ] || wait_settled
	: >"$state/faults/$name"
	case $name in
	incident | incident-bind)
		stale_nic_add "$name"
		allowlist_apply
		bird_configure
		stop_processes TERM "bird.$second"
		bird_start_all
		;;
	bird-killed) stop_processes KILL "bird.$second" ;;
	stale-pod) stale_results ;;
	no-default-route)
		ip -n "${node_ns[$second]}" -batch - <<<"route del default" 2>/dev/null || :
		forget_gateway
		;;
	*) bird_configure ;;
	esac
	wait_settled
}

heal() {
	local name=$1

	fault_known "$name"
	if fault_active "$name"; then
		rm "$state/faults/$name"
		heal_"${name//-/_}"
	fi
}

heal_all() {
	local name

	faults_active
	for name in $REPLY; do
		rm "$state/faults/$name"
		heal_"${name//-/_}"
	done
}

heal_incident() {
	local names

	ip -n "${node_ns[${nodes[1]}]}" link del "$stale_nic" 2>/dev/null || :
	allowlist_apply
	bird_configure
	bird_names
	read -r -a names <<<"$REPLY"
	stop_processes TERM "${names[@]}"
	bird_start_all
}

heal_incident_bind() { heal_incident; }
heal_bird_killed() { bird_start_all; }
heal_stale_pod() { stale_results; }
heal_block_withdrawn() { bird_configure; }
heal_return_route_missing() { bird_configure; }
heal_unreachable_route() { bird_configure; }
heal_session_down() { bird_configure; }

heal_no_default_route() {
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"route replace default via $gateway dev eth0 proto static metric 100"
	forget_gateway
}

# The other end stays unplugged from the bridge: a NIC that nobody uses.
stale_nic_add() {
	local ns=${node_ns[${nodes[1]}]}

	[ -z "$(ip -n "$ns" -o link show dev "$stale_nic" 2>/dev/null)" ] || return 0
	ip link add name "$stale_nic" netns "$ns" type veth peer name unused netns "${prefix}ul"
	ip -n "$ns" link set "$stale_nic" up
	# Or the address was there once, and made it into the registry.
	[ "$1" = incident-bind ] || ip -n "$ns" addr add "$wrong" dev "$stale_nic"
	ip -n "${prefix}ul" link set unused up
}

forget_gateway() {
	local pod

	for pod in "${pods[@]}"; do
		[ "${pod_node[$pod]}" != "${nodes[1]}" ] || ip -n "${pod_ns[$pod]}" neigh flush all
	done
}

# The CNI plugin's results of the two dead pods, there or not.
stale_results() {
	local node pod

	[ "$use_cni" = yes ] || return 0
	for node in "${nodes[0]}" "${nodes[1]}"; do
		pod=$node-gone
		pod_node[$pod]=$node
		pod_ns[$pod]=$prefix$pod
		pod_k8s[$pod]=default/$pod
		pod_dev[$pod]=cali0dead0dead0
		printf -v "pod_id[$pod]" '%064d' 0
		dead_address "$node"
		pod_ip[$pod]=$REPLY
		if fault_active stale-pod; then
			cni_result "$pod"
		else
			cni_path "$pod"
			rm -f "$REPLY"
		fi
	done
}
