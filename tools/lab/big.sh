# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of lab.sh
#
# A big cluster, as far as its second node sees it: hundreds of peers, thousands of routes, a
# thousand pods. One process in the underlay is all those peers, each with an address and a
# session of its own (labbgp.c); the pods' other ends share one namespace, and nobody is in
# there. Nothing is to be sent to any of it: this is to be looked at, and to be measured with.
# It stays until "down".

big_ip=() big_blocks=() big_own=() big_count=0 big_down=0

# What "big" was asked for, from $state/big
big_load() {
	big_count=0 big_down=0 big_routes=0 big_pods=0
	[ ! -e "$state/big" ] || read -r big_count big_down big_routes big_pods <"$state/big"
}

# Addresses of the other nodes, those that are down last, and blocks that are nobody else's
big_plan() {
	local i base len=$((32 - block_len)) wanted node used=' '

	big_load
	((big_count > 0)) || return 0
	split_prefix "$node_net"
	((net_size >= 512 + big_count)) || die "no room for $big_count nodes in $node_net (--node-net)"
	for ((i = 0; i < big_count - count; i++)); do
		number_to_ip $((net_base + 257 + i))
		big_ip+=("$REPLY")
	done
	for node in "${nodes[@]}"; do used+="${node_block[$node]} "; done
	used+="$new_block "
	wanted=$((big_routes + (big_pods + (1 << len) - 1 >> len)))
	split_prefix "$pool"
	for ((base = net_base; wanted > 0 && base < net_base + net_size; base += 1 << len)); do
		number_to_ip $base
		[[ $used != *" $REPLY/$block_len "* ]] || continue
		if ((${#big_blocks[@]} < big_routes)); then
			big_blocks+=("$REPLY/$block_len")
		else
			big_own+=("$REPLY/$block_len")
		fi
		wanted=$((wanted - 1))
	done
	((wanted == 0)) || die "$pool has no room for $big_routes blocks more (--pool)"
}

# The sessions of k8s02 with them
big_peers() {
	local address text=

	for address in "${big_ip[@]}"; do
		text+="
protocol bgp Mesh_${address//./_} from bgp_template {
  neighbor $address as 64512;
  source address $source;
  passive on;
}
"
	done
	REPLY=$text
}

big_confd_peers() {
	local i passive

	for ((i = 0; i < ${#big_ip[@]}; i++)); do
		confd_passive "${big_ip[i]}"
		passive=$REPLY
		confd_peer "${big_ip[i]}" "host/big$i/ip_addr_v4" '' "$passive"
	done
}

# Members of the ipsets of k8s02
big_ipset_lines() {
	local address

	REPLY=
	for address in "${big_ip[@]}"; do
		REPLY+="add cali40all-hosts-net $address"$'\n'
		[ "$tunnel_kind" != vxlan ] || REPLY+="add cali40all-vxlan-net $address"$'\n'
	done
}

# Those that are up, a line each: the address and its share of the blocks
big_speakers() {
	local i j up=$((${#big_ip[@]} - big_down)) text=

	for ((i = 0; i < up; i++)); do
		text+=${big_ip[i]}
		for ((j = i; j < big_routes; j += up)); do text+=" ${big_blocks[j]}"; done
		text+=$'\n'
	done
	REPLY=$text
}

# The VTEPs of all of them, those that are down included: Felix does not know who is
big_vteps() {
	local i mac neigh='' fdb=''

	for ((i = 0; i < ${#big_ip[@]}; i++)); do
		printf -v mac '66:b1:60:00:%02x:%02x' $((i >> 8)) $((i & 255))
		neigh+="neigh replace ${big_ip[i]} lladdr $mac dev $tunnel nud permanent"$'\n'
		fdb+="fdb replace $mac dev $tunnel dst ${big_ip[i]} self permanent"$'\n'
	done
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"${neigh%$'\n'}"
	in_ns "${node_ns[${nodes[1]}]}" bridge -batch - <<<"${fdb%$'\n'}"
}

# Pods without anybody in them
big_pods_add() {
	local i per=$((1 << (32 - block_len))) ns=${prefix}big links='' routes='' dev id dir

	printf '%s\n' "$ns" >>"$state/netns"
	ip netns add "$ns"
	dir=${node_root[${nodes[1]}]}/var/lib/cni/results
	for ((i = 0; i < big_pods; i++)); do
		printf -v dev 'cali%011x' $((0xb1600000000 + i))
		printf -v id '%064x' $((0xb1600000000 + i))
		split_prefix "${big_own[i / per]}"
		number_to_ip $((net_base + i % per))
		links+="link add name $dev mtu $mtu netns ${node_ns[${nodes[1]}]} address ee:ee:ee:ee:ee:ee type veth peer name eth$i mtu $mtu netns $ns"$'\n'
		routes+="link set $dev up"$'\n'"route add $REPLY dev $dev scope link"$'\n'
		[ "$use_cni" = no ] || cat_here >"$dir/k8s-pod-network-$id-eth0" <<-END
			{"kind":"cniCacheV1","containerId":"$id","config":"","ifName":"eth0","networkName":"k8s-pod-network","netns":"/run/netns/$ns","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","default"],["K8S_POD_NAME","big-$i"],["K8S_POD_INFRA_CONTAINER_ID","$id"]],"result":{"cniVersion":"0.3.1","dns":{},"interfaces":[{"name":"$dev"}],"ips":[{"version":"4","address":"$REPLY/32"}]}}
		END
	done
	ip -batch - <<<"${links%$'\n'}"
	in_ns "$ns" bash -c "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null
		for ((i = 0; i < $big_pods; i++)); do echo link set eth\$i up; done | ip -batch -"
	in_ns "${node_ns[${nodes[1]}]}" bash -c "cd /proc/sys/net
		$shell_cali"
	ip -n "${node_ns[${nodes[1]}]}" -batch - <<<"${routes%$'\n'}"
}

# NODES DOWN [ROUTES [PODS]]: the second node of so many, of which DOWN are gone, their blocks
# unknown; the others announce ROUTES blocks together, each one without.
big() {
	local value address up lines=''

	for value; do [[ $value =~ ^[0-9]+$ ]] || die "not a number: $value"; done
	[ ! -e "$state/big" ] || die "there is a big cluster already"
	[ "$peers" = mesh ] || die "a big cluster is a mesh"
	faults_active
	[ -z "$REPLY" ] || die "faults are on: $REPLY"
	up=$(($1 - count - $2))
	((up > 0)) || die "big NODES DOWN [ROUTES [PODS]]: too few that are up"
	echo "$1 $2 ${3:-$up} ${4:-0}" >"$state/big"
	# Whatever fails leaves the lab as it was described before.
	trap 'rm -f "$state/big"' EXIT
	big_plan
	for address in "${big_ip[@]:0:up}"; do lines+="addr add $address/32 dev $bridge"$'\n'; done
	ip -n "${prefix}ul" -batch - <<<"${lines%$'\n'}"
	[ "$tunnel_kind" != vxlan ] || big_vteps
	allowlist_apply
	((big_pods == 0)) || big_pods_add
	big_speakers
	write_file "$state/bird/big"
	bird_configure
	# start_process takes what it runs off its input.
	# shellcheck disable=SC2016
	start_process big nsenter --net="/run/netns/${prefix}ul" \
		sh -c 'exec "$1" bgp "$2" <"$3"' sh "$labtool" "${node_ip[${nodes[1]}]}" "$state/bird/big"
	trap - EXIT
	wait_settled
}

# Conditions in conds: the last block of all is there, and that of each node once
big_await() {
	local i ns=/run/netns/${node_ns[${nodes[1]}]} dev=eth0 up=$((${#big_ip[@]} - big_down))

	((big_count > 0)) || return 0
	[ -z "$tunnel" ] || dev=$tunnel
	for ((i = 0; i < big_routes; i += 97)); do
		conds+=("route $ns ${big_blocks[i]} ${big_ip[i % up]} $dev")
	done
}
