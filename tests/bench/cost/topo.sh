#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two nodes as Calico leaves them, for measurements:
#
#   pod1 eth0 - caliaaaa0001 node1 tunnel - uplink = uplink - tunnel node2 calibbbb0001 - eth0 pod2
#
#   tests/bench/cost/topo.sh up PREFIX ipip|vxlan PODS ROUTES
#   tests/bench/cost/topo.sh incident|healthy PREFIX ipip|vxlan
#   tests/bench/cost/topo.sh down PREFIX
#
# PODS is how many node1 has. The others are devices alone, their pods' ends in one namespace. ROUTES
# is how many blocks there are, of other nodes, that nobody is behind but one. In the incident node1
# has lost its route to node2's block: packets leave by the default route, node2 takes them all the
# same, so that every load goes on. Namespaces PREFIX-pod1 …, pods in 198.18.0.0/15, nodes in
# 192.0.2.0/24, which exist only inside. Neighbours are permanent: ARP has no part in any figure.

set -euo pipefail

usage() { sed -n '8,10s/^# *//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
cmd=$1 p=$2 tunnel=${3:-} pods=${4:-10} routes=${5:-10}
[[ $p =~ ^[a-z0-9-]+$ ]] || usage

in_ns() { nsenter --net="/run/netns/$p-$1" "${@:2}"; }
mac() { ip -n "$p-$1" -br link show "$2" | awk '{ print $3 }'; }

down() {
	local ns

	for ns in pod1 pod2 pods node1 node2; do ip netns del "$p-$ns" 2>/dev/null || :; done
}

# pod NAME NODE DEVICE ADDRESS
pod() {
	ip -n "$p-$2" link add "$3" type veth peer name eth0 netns "$p-$1"
	ip -n "$p-$2" link set "$3" addrgenmode none up
	ip -n "$p-$1" -batch - <<-END
		addr add $4/32 dev eth0
		link set eth0 addrgenmode none mtu 1450 up
		route add 169.254.1.1 dev eth0 scope link
		route add default via 169.254.1.1 dev eth0
		neigh replace 169.254.1.1 lladdr $(mac "$2" "$3") dev eth0 nud permanent
	END
	ip -n "$p-$2" -batch - <<-END
		route add $4/32 dev $3 scope link
		neigh replace $4 lladdr $(mac "$1" eth0) dev $3 nud permanent
	END
}

# other_pods: devices of pods that say nothing
other_pods() {
	local i name

	for ((i = 2; i <= pods; i++)); do
		printf -v name 'cali%011x' $i
		echo "link add $name type veth peer name p$i netns $p-pods"
		echo "link set $name addrgenmode none up"
		echo "route add 198.18.$((16 + i / 250)).$((i % 250 + 1))/32 dev $name scope link"
	done | ip -n "$p-node1" -batch -
	for ((i = 2; i <= pods; i++)); do echo "link set p$i addrgenmode none up"; done |
		ip -n "$p-pods" -batch -
}

# node NUMBER OTHER: its tunnel, the route to the other's block, its own block
node() {
	local dev=tunl0 via=192.0.2.$2

	echo "addr add 192.0.2.$1/24 dev uplink"
	if [ "$tunnel" = vxlan ]; then
		dev=vxlan.calico via=198.18.$2.0
		echo "link add $dev address 66:00:00:00:00:0$1 type vxlan id 4096 dstport 4789 local 192.0.2.$1 dev uplink nolearning"
	fi
	echo "addr add 198.18.$1.0/32 dev $dev"
	[ "$tunnel" != vxlan ] || echo "link set $dev addrgenmode none"
	echo "link set $dev mtu 1450 up"
	[ "$tunnel" != vxlan ] || echo "neigh replace $via lladdr 66:00:00:00:00:0$2 dev $dev nud permanent"
	echo "route add 198.18.$2.0/26 via $via dev $dev proto bird onlink"
	echo "route add blackhole 198.18.$1.0/26 proto bird"
	echo "route add default via 192.0.2.$2 dev uplink"
}

# More blocks, of 16 addresses each: 198.18.128.0 and up
other_routes() {
	local dev=tunl0 via=192.0.2.2 i

	[ "$tunnel" != vxlan ] || dev=vxlan.calico via=198.18.2.0
	for ((i = 0; i < routes - 1; i++)); do
		echo "route add 198.$((18 + (32768 + i * 16) / 65536)).$(((32768 + i * 16) / 256 % 256)).$((i * 16 % 256))/28" \
			"via $via dev $dev proto bird onlink"
	done | ip -n "$p-node1" -batch -
}

# Of a new namespace, before it has devices
settings() {
	sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 \
		net.ipv4.conf.default.send_redirects=0 net.ipv4.conf.default.proxy_arp=1
}

up() {
	local ns a b

	trap 'down' ERR
	for ns in pod1 pod2 pods node1 node2; do
		ip netns add "$p-$ns"
		ip -n "$p-$ns" link set lo up
	done
	for ns in node1 node2; do in_ns $ns bash -c "$(declare -f settings); settings"; done
	ip -n "$p-node1" link add uplink type veth peer name uplink netns "$p-node2"
	for ns in node1 node2; do ip -n "$p-$ns" link set uplink addrgenmode none up; done
	a=$(mac node1 uplink) b=$(mac node2 uplink)
	{ node 1 2 && echo "neigh replace 192.0.2.2 lladdr $b dev uplink nud permanent"; } | ip -n "$p-node1" -batch -
	{ node 2 1 && echo "neigh replace 192.0.2.1 lladdr $a dev uplink nud permanent"; } | ip -n "$p-node2" -batch -
	if [ "$tunnel" = vxlan ]; then
		in_ns node1 bridge fdb add 66:00:00:00:00:02 dev vxlan.calico dst 192.0.2.2
		in_ns node2 bridge fdb add 66:00:00:00:00:01 dev vxlan.calico dst 192.0.2.1
	fi
	pod pod1 node1 caliaaaa0001 198.18.1.1
	pod pod2 node2 calibbbb0001 198.18.2.1
	in_ns node1 sysctl -qw net.ipv4.conf.caliaaaa0001.rp_filter=1
	# what a stale pod of this node leaves: packets to it are thrown away
	ip -n "$p-node1" route add blackhole 198.18.9.0/26
	[ "$pods" -le 1 ] || other_pods
	[ "$routes" -le 1 ] || other_routes
}

case $cmd in
up) up ;;
down) down ;;
incident) ip -n "$p-node1" route del 198.18.2.0/26 proto bird ;;
healthy)
	dev=tunl0 via=192.0.2.2
	[ "$tunnel" != vxlan ] || dev=vxlan.calico via=198.18.2.0
	ip -n "$p-node1" route replace 198.18.2.0/26 via $via dev $dev proto bird onlink
	;;
*) usage ;;
esac
