# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The faults: the verbs, and those of BGP and of routes; what kills packets is in drops.sh,
# and what Calico's own rules kill in policy.sh.
# The list of all is the file catalogue. One that is on is a file in $state/faults; what
# BIRD's configuration, the allow-lists and wait_settled make of it is in the parts that own
# these. The rest of a fault NAME are the functions fault_NAME and heal_NAME, where it has any.
# Both verbs may be repeated, and faults may be on together.

# NAME, or everything known about each fault
faults_list() {
	local name node device verdict traffic text

	[ "$1" != long ] ||
		printf '%-22s%-6s %-7s %-15s%-15s%s\n' '# name' node device verdict traffic text
	while read -r name node device verdict traffic text; do
		case $name in '#'* | '') continue ;; esac
		if [ "$1" = long ]; then
			printf '%-22s%-6s %-7s %-15s%-15s%s\n' "$name" "$node" "$device" "$verdict" "$traffic" "$text"
		else
			printf '%-22s%s\n' "$name" "$text"
		fi
	done <"$here/lab/catalogue"
}

fault_active() { [ -e "$state/faults/$1" ]; }

# Either form of the founding incident.
incident_active() { fault_active incident || fault_active incident-bind; }

fault_known() {
	local name rest

	while read -r name rest; do
		[ "$name" != "$1" ] || return 0
	done <"$here/lab/catalogue"
	return 1
}

fault_check() { [[ $1 != '#' ]] && fault_known "$1" || die "no such fault: $1 (lab.sh faults)"; }

# fault|heal NAME: call its function if it has one.
call_for() {
	local name=$1_${2//-/_}

	case $1/$2 in
	*/filter-tc* | */filter-xdp) "$name" ;;
	fault/filter-*) filter_on "$2" ;;
	heal/filter-*) filter_off "$2" ;;
	*) ! declare -F "$name" >/dev/null || "$name" ;;
	esac
}

faults_active() {
	local file

	REPLY=
	for file in "$state"/faults/*; do
		[ ! -e "$file" ] || REPLY+=" ${file##*/}"
	done
	REPLY=${REPLY# }
}

fault() {
	local name=$1

	fault_check "$name"
	if fault_active "$name"; then
		wait_settled
		return
	fi
	can "$name" >"$state/can.$$" || die "$name: $(<"$state/can.$$")"
	rm "$state/can.$$"
	# From a healthy lab, so that what is gone afterwards has been there.
	faults_active
	[ -n "$REPLY" ] || wait_settled
	: >"$state/faults/$name"
	# These are made in one step: if that fails there is nothing to heal.
	case $name in filter-* | corrupt | neigh-outer) trap "rm -f '$state/faults/$name'" EXIT ;; esac
	call_for fault "$name"
	trap - EXIT
	bird_configure
	felix_apply
	wait_settled
}

heal() {
	local name=$1

	fault_check "$name"
	if fault_active "$name"; then
		heal_active "$name"
		bird_configure
		felix_apply
	fi
}

# The file says on the way what its fault has left there.
heal_active() {
	fault_left=$(<"$state/faults/$1")
	rm "$state/faults/$1"
	call_for heal "$1"
}

heal_all() {
	local name

	faults_active
	for name in $REPLY; do
		heal_active "$name"
	done
	bird_configure
	felix_apply
}

fault_incident() {
	stale_nic_add incident
	allowlist_apply
	bird_configure
	stop_processes TERM "bird.${nodes[1]}"
	bird_start_all
}

fault_incident_bind() {
	stale_nic_add incident-bind
	allowlist_apply
	bird_configure
	stop_processes TERM "bird.${nodes[1]}"
	bird_start_all
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

fault_bird_killed() { stop_processes KILL "bird.${nodes[1]}"; }
heal_bird_killed() { bird_start_all; }

fault_stale_pod() { stale_results; }
heal_stale_pod() { stale_results; }

fault_no_default_route() {
	default_route_del
	forget_gateway
}

heal_no_default_route() {
	default_route_add
	forget_gateway
}

# As the node itself has them, k8s02 being the only one that ever loses its own
default_route_del() { ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"route del default" 2>/dev/null || :; }

default_route_add() {
	default_route_line "${nodes[1]}" replace
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"$REPLY"
}

# ---- routes that BIRD has its own ideas of: see bird_config ----

# Without its gateway's address a pod sends nothing, which is no-default-route.
fault_no_route() {
	gateway_pin
	default_route_del
}

heal_no_route() {
	default_route_add
	gateway_unpin
}

fault_rpf_tunnel() { node_sysctl "${nodes[0]}" "conf/$tunnel/rp_filter" 1; }
heal_rpf_tunnel() { node_sysctl "${nodes[0]}" "conf/$tunnel/rp_filter" 0; }

# BIRD must not learn it, or it takes back the route to the block.
fault_underlay_route() {
	bird_configure wait
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"route add unreachable ${node_ip[${nodes[0]}]} proto static"
}

heal_underlay_route() {
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"route del unreachable ${node_ip[${nodes[0]}]}" 2>/dev/null || :
	bird_configure wait
}

# BIRD keeps what stands in the kernel when its protocol for it is disabled, and has no
# next hops that are not on link anyway. VXLAN leaves the route as it is.
fault_wrong_nexthop() {
	if [ "$tunnel_kind" = vxlan ]; then
		fdb_change replace "${wrong%/*}"
		return
	fi
	"$labtool" bird "${node_ctl[${nodes[1]}]}" 'disable kernel1' >/dev/null
	block_route_replace "${wrong%/*}"
}

heal_wrong_nexthop() {
	if [ "$tunnel_kind" = vxlan ]; then
		fdb_change replace "${node_ip[${nodes[0]}]}"
		return
	fi
	block_route_replace "${node_ip[${nodes[0]}]}"
	"$labtool" bird "${node_ctl[${nodes[1]}]}" 'enable kernel1' >/dev/null
}

# Somebody who is no routing daemon sends the block to another node, which forwards.
fault_wrong_node() {
	"$labtool" bird "${node_ctl[${nodes[1]}]}" 'disable kernel1' >/dev/null
	block_route_replace "${node_ip[${nodes[2]}]}"
}

heal_wrong_node() {
	block_route_replace "${node_ip[${nodes[0]}]}"
	"$labtool" bird "${node_ctl[${nodes[1]}]}" 'enable kernel1' >/dev/null
}

# The route of k8s02 to the block of k8s01, by the device that it has, as BIRD would write it
block_route_replace() {
	local dev

	route_healthy "${nodes[1]}" "${nodes[0]}"
	dev=${REPLY##* }
	route_protocol
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"route replace ${node_block[${nodes[0]}]} via $1 dev $dev onlink proto $REPLY"
}

# ---- helpers ----

# NODE KNOB VALUE, below net/ipv4
node_sysctl() { ns_sysctl "${node_ns[$1]}" "$2" "$3"; }

# A knob of another namespace is seen by who entered it, and the shell is no thread to spare.
ns_sysctl() { in_ns "$1" bash -c "echo '$3' >'/proc/sys/net/ipv4/$2'"; }

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

pods_of() {
	local pod

	REPLY=
	for pod in "${pods[@]}"; do
		[ "${pod_node[$pod]}" != "$1" ] || REPLY+=" $pod"
	done
}

# The pods of k8s02 know the address of their gateway whatever the node answers.
gateway_pin() {
	local pod

	pods_of "${nodes[1]}"
	for pod in $REPLY; do
		ip -n "${pod_ns[$pod]}" -batch - <<<"neigh replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent"
	done
}

gateway_unpin() {
	local pod

	pods_of "${nodes[1]}"
	for pod in $REPLY; do
		ip -n "${pod_ns[$pod]}" -batch - <<<"neigh del 169.254.1.1 dev eth0" 2>/dev/null || :
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
