# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # the variables are for the other parts of lab.sh
#
# The plan of the lab: names and addresses, all derived from the settings. Only arithmetic
# and no processes, as every verb does it again: in an emulated machine a fork costs more
# than the whole plan. Functions give their result in REPLY for the same reason.

# The blocks of the founding incident, in the order of the nodes.
incident_pool=10.253.0.0/16
incident_blocks=(10.253.181.0/26 10.253.65.64/26 10.253.140.128/26 10.253.120.64/26
	10.253.123.0/26 10.253.178.64/26 10.253.19.192/26 10.253.13.192/26 10.253.126.64/26
	10.253.71.192/26)

# Places within a block. The first address is the tunnel's, as with Calico.
readonly place_dns=2 place_first_pod=3

declare -A node_ip node_block node_range node_tunnel_ip node_vtep_mac node_root node_ns node_ctl
declare -A node_subnet node_gateway
declare -A pod_node pod_ip pod_dev pod_ns pod_k8s pod_id
nodes=() pods=()

ip_to_number() {
	local a b c d

	IFS=. read -r a b c d <<<"$1"
	[[ $a$b$c$d =~ ^[0-9]+$ ]] && ((a < 256 && b < 256 && c < 256 && d < 256)) ||
		die "not an address: $1"
	REPLY=$((a << 24 | b << 16 | c << 8 | d))
}

number_to_ip() {
	REPLY=$(($1 >> 24 & 255)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))
}

# PREFIX into net_base and net_size
split_prefix() {
	[[ $1 == */* && ${1#*/} =~ ^[0-9]+$ ]] && ((${1#*/} <= 32)) || die "not a prefix: $1"
	ip_to_number "${1%/*}"
	net_base=$REPLY
	net_size=$((1 << (32 - ${1#*/})))
	((net_base % net_size == 0)) || die "host bits set: $1"
}

plan_nodes() {
	local i first node gateway_number

	split_prefix "$node_net"
	((count >= 2)) || die "at least two nodes are needed"
	if [ -n "$gateway" ]; then
		ip_to_number "$gateway"
	else
		number_to_ip $((net_base + net_size - 2))
		gateway=$REPLY
		REPLY=$((net_base + net_size - 2))
	fi
	gateway_number=$REPLY
	# .200 for the first node where there is room, as in the incident.
	first=$((199 + count < net_size - 2 ? 200 : 1))
	((first + count <= net_size - 1)) || die "no room for $count nodes in $node_net"
	nodes=()
	for ((i = 0; i < count; i++)); do
		((net_base + first + i != gateway_number)) || die "the gateway is where a node would be"
		printf -v node 'k8s%02d' $((i + 1))
		nodes+=("$node")
		number_to_ip $((net_base + first + i))
		node_ip[$node]=$REPLY
		node_subnet[$node]=$node_net node_gateway[$node]=$gateway
		node_ns[$node]=$prefix$node
		node_root[$node]=$state/hosts/$node
		node_ctl[$node]=$state/hosts/$node/var/run/calico/bird.ctl
	done
}

# With "crosssubnet" the last node is in the next network, at the same place.
plan_subnets() {
	local node=${nodes[count - 1]} net size name

	[ "$encap" = crosssubnet ] || return 0
	((count >= 3)) || die "two subnets want three nodes"
	split_prefix "$node_net"
	net=$net_base size=$net_size
	number_to_ip $((net + size))
	node_subnet[$node]=$REPLY/${node_net#*/}
	for name in node_ip node_gateway; do
		local -n address=$name
		ip_to_number "${address[$node]}"
		number_to_ip $((REPLY + size))
		address[$node]=$REPLY
	done
}

# A packet from the first node to a pod of the second is encapsulated.
tunnelled() {
	case $encap in
	none) return 1 ;;
	crosssubnet) [ "${node_subnet[$1]}" != "${node_subnet[$2]}" ] ;;
	esac
}

# As in a real cluster, the blocks lie scattered over the pool and in another order than the
# nodes: an odd step close to the golden section, which meets each block once.
#
# A block of one address is a pod's, or the tunnel's: then a node has several, out of a range that
# nobody routes as a whole. Its first pod's is the one that faults are about.
plan_blocks() {
	local i j n step base blocks=() len=$block_len

	((block_len < 32)) || len=27
	split_prefix "$pool"
	base=$net_base
	if [ -n "$block_list" ]; then
		IFS=', ' read -r -a blocks <<<"$block_list"
	elif [ "$pool/$len" = "$incident_pool/26" ] && ((count <= ${#incident_blocks[@]})); then
		blocks=("${incident_blocks[@]}")
	else
		n=$((net_size >> (32 - len)))
		((n >= count)) || die "$pool has no room for $count blocks of /$len"
		step=$((n * 618 / 1000 | 1))
		for ((i = 0, j = n / 3; i < count; i++, j = (j + step) % n)); do
			number_to_ip $((base + (j << (32 - len))))
			blocks+=("$REPLY/$len")
		done
	fi
	((${#blocks[@]} >= count)) || die "$count nodes need $count blocks"
	for ((i = 0; i < count; i++)); do
		split_prefix "${blocks[i]}"
		((net_size >= 8)) || die "a block of less than eight addresses: ${blocks[i]}"
		node_range[${nodes[i]}]=${blocks[i]}
		node_block[${nodes[i]}]=${blocks[i]}
		if ((block_len == 32)); then
			block_address "${nodes[i]}" $((i == 0 ? place_dns : place_first_pod))
			node_block[${nodes[i]}]=$REPLY/32
		fi
		node_tunnel_ip[${nodes[i]}]=${blocks[i]%/*}
		# Without a tunnel the host's packets have the node's own address.
		[ "$encap" != none ] || node_tunnel_ip[${nodes[i]}]=${node_ip[${nodes[i]}]}
	done
}

# NODE: all of its blocks
node_blocks() {
	local pod

	REPLY=${node_block[$1]}
	((block_len == 32)) || return 0
	for pod in "${pods[@]}"; do
		[ "${pod_node[$pod]}" != "$1" ] || [ "${pod_ip[$pod]}/32" = "${node_block[$1]}" ] ||
			REPLY+=" ${pod_ip[$pod]}/32"
	done
	[ "${node_tunnel_ip[$1]}" = "${node_ip[$1]}" ] || REPLY+=" ${node_tunnel_ip[$1]}/32"
}

block_address() {
	split_prefix "${node_range[$1]}"
	number_to_ip $((net_base + $2))
}

# The last address but one of a block: no pod ever gets it.
dead_address() {
	split_prefix "${node_range[$1]}"
	number_to_ip $((net_base + net_size - 2))
}

# The last block of the pool that is nobody's yet, none if there is none, and an address in it
plan_new_block() {
	local base node used=' ' len=$((32 - block_len))

	for node in "${nodes[@]}"; do used+="${node_block[$node]} "; done
	split_prefix "$pool"
	new_block='' new_address=''
	for ((base = net_base + net_size - (1 << len); base >= net_base; base -= 1 << len)); do
		number_to_ip $base
		[[ $used == *" $REPLY/$block_len "* ]] && continue
		new_block=$REPLY/$block_len
		number_to_ip $((base + (len > 1 ? 2 : 0)))
		new_address=$REPLY
		break
	done
}

# An address of k8s02's block that some pod had, and that of a node which is no more, unless the
# network is full
plan_stale() {
	split_prefix "${node_range[${nodes[1]}]}"
	number_to_ip $((net_base + net_size - 3))
	stale_address=$REPLY
	ip_to_number "${node_ip[${nodes[1]}]}"
	number_to_ip $((REPLY + count - 1))
	stale_node=$REPLY
	[ "$stale_node" != "$gateway" ] || stale_node=
}

pod_register() {
	local pod=$1 hash=$6

	pods+=("$pod")
	pod_node[$pod]=$2
	pod_ip[$pod]=$3
	pod_k8s[$pod]=$4/$5
	pod_ns[$pod]=$prefix$pod
	pod_dev[$pod]=cali${hash:0:11}
	# A container id is 64 hexadecimal digits.
	pod_id[$pod]=$hash${hash:0:24}
}

plan() {
	plan_nodes
	plan_subnets
	plan_blocks
	plan_new_block
	plan_stale
	if [ "$peers" = router ]; then
		node_ip[router]=$gateway node_ctl[router]=$state/bird/router.ctl
	fi
	dns_pod=${nodes[0]}-coredns
	client_pod=${nodes[1]}-p1
	dead_address "${nodes[0]}"
	dead_remote=$REPLY
	dead_address "${nodes[1]}"
	dead_local=$REPLY
	service_port=53
	ip_to_number "$service"
	number_to_ip $((REPLY + 1))
	ipvs_service=$REPLY
	# A second one beside the gateway, where no node is
	ip_to_number "$gateway"
	number_to_ip $((REPLY - 1))
	gateway2=$REPLY
	# Longer state directories do not fit into the address of BIRD's control socket.
	((${#node_ctl[${nodes[0]}]} <= 100)) || die "too long a path: $state"
}

# ---- what up decided, for the later verbs ----

settings=(prefix count node_net gateway pool block_len block_list encap service upstream wrong
	docker_net gr_time gr_wait peers routes_by use_ipset use_confd use_cni mtu iptables tunnel tunnel_kind bird
	krt_tunnel labtool)

plan_save() {
	local name pod

	for name in "${settings[@]}"; do
		printf '%s=%q\n' "$name" "${!name}"
	done >"$state/settings"
	for name in "${nodes[@]}"; do
		echo "$name ${node_vtep_mac[$name]}"
	done >"$state/nodes"
	pods_save
}

pods_save() {
	local pod

	for pod in "${pods[@]}"; do
		echo "$pod ${pod_node[$pod]} ${pod_ip[$pod]} ${pod_k8s[$pod]/\// } ${pod_id[$pod]:0:40}"
	done >"$state/pods.$$"
	mv "$state/pods.$$" "$state/pods"
}

plan_load() {
	local pod node ip namespace name hash

	[ -e "$state/settings" ] || die "no lab is up in $state"
	# shellcheck disable=SC1091
	. "$state/settings"
	plan
	while read -r node hash; do
		node_vtep_mac[$node]=$hash
	done <"$state/nodes"
	while read -r pod node ip namespace name hash; do
		pod_register "$pod" "$node" "$ip" "$namespace" "$name" "$hash"
	done <"$state/pods"
	big_plan
}

# The plan as shell assignments.
plan_print() {
	local node pod key blocks

	printf '%s=%q\n' LAB_STATE "$state" LAB_PREFIX "$prefix" LAB_NODES "${nodes[*]}" \
		LAB_PODS "${pods[*]}" LAB_UNDERLAY_NETNS "${prefix}ul" LAB_NODE_NET "$node_net" \
		LAB_GATEWAY "$gateway" LAB_POOL "$pool" LAB_BLOCK_LEN "$block_len" LAB_ENCAP "$encap" \
		LAB_TUNNEL "$tunnel" LAB_TUNNEL_KIND "$tunnel_kind" LAB_MTU "$mtu" LAB_SERVICE "$service" LAB_DNS_POD "$dns_pod" \
		LAB_CLIENT_POD "$client_pod" LAB_FAR_POD "${nodes[count - 1]}-p1" \
		LAB_WRONG_ADDRESS "${wrong%/*}" LAB_STALE_NIC "$stale_nic" \
		LAB_OUTSIDE "$outside" LAB_NODELOCAL "$nodelocal" \
		LAB_NODELOCAL_DEV "$nodelocal_dev" LAB_IPVS_SERVICE "$ipvs_service" LAB_IPVS_DEV "$ipvs_dev" \
		LAB_GATEWAY2 "$gateway2" LAB_POD_PORT "$pod_port" LAB_POD_TABLE "$pod_table" \
		LAB_IPTABLES "$iptables" LAB_IPSET "$use_ipset" LAB_BIRD "$bird" \
		LAB_PEERS "$peers" LAB_ROUTES_BY "$routes_by" LAB_NEW_BLOCK "$new_block" LAB_NEW_ADDRESS "$new_address" \
		LAB_STALE_ADDRESS "$stale_address" LAB_STALE_NODE "$stale_node" \
		DEAD_REMOTE "$dead_remote" DEAD_LOCAL "$dead_local"
	for node in "${nodes[@]}"; do
		node_blocks "$node"
		blocks=$REPLY
		printf '%s=%q\n' "NODE_NETNS_$node" "${node_ns[$node]}" "NODE_IP_$node" "${node_ip[$node]}" \
			"NODE_BLOCK_$node" "${node_block[$node]}" "NODE_BLOCKS_$node" "$blocks" \
			"NODE_TUNNEL_IP_$node" "${node_tunnel_ip[$node]}" "NODE_ROOT_$node" "${node_root[$node]}" \
			"NODE_GATEWAY_$node" "${node_gateway[$node]}" "NODE_SUBNET_$node" "${node_subnet[$node]}"
	done
	for pod in "${pods[@]}"; do
		key=${pod//-/_}
		printf '%s=%q\n' "POD_NETNS_$key" "${pod_ns[$pod]}" "POD_IP_$key" "${pod_ip[$pod]}" \
			"POD_DEV_$key" "${pod_dev[$pod]}" "POD_NAME_$key" "${pod_k8s[$pod]}" \
			"POD_NODE_$key" "${pod_node[$pod]}"
	done
}
