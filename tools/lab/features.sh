# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317,SC2154 # functions called by their names; variables of lab.sh
#
# What healthy nodes have besides: each feature may be added to a lab that runs, and stays.
# The functions of a feature NAME are feature_NAME, which sets it up, and serve_NAME, the
# traffic that goes by it, all of which has to be answered in a healthy lab. Whether a
# kernel can do it is in can_feature.

readonly feature_list='apiserver       the node k8s02 asks a pod of another node by TCP, as an API server does
probes          the node k8s02 asks its own pods by TCP, as the kubelet does
masquerade      LAB_OUTSIDE, outside the cluster, answers pings and DNS of masqueraded pods
nodelocaldns    NodeLocal DNSCache at LAB_NODELOCAL of each node, exempt from conntrack
ipvs            LAB_IPVS_SERVICE, a second service for DNS, by IPVS
flowtable       k8s02 forwards the established connections of its pods by a flowtable
ecmp            the default route of k8s02 has two gateways
policy-routing  packets from the pods of k8s02 are routed by a table of their own; no fault of
                a route in the table main would hit these'

readonly nodelocal=169.254.20.10 nodelocal_dev=nodelocaldns ipvs_dev=kube-ipvs0
readonly pod_port=8080 pod_table=100 flow_table=lab_flow

feature_active() { [ -e "$state/features/$1" ]; }

features_names() {
	local name rest

	REPLY=
	while read -r name rest; do
		! declare -F "feature_${name//-/_}" >/dev/null || REPLY+=" $name"
	done <<<"$feature_list"
}

# NAME, or all that this kernel can do
feature() {
	local name names=$1

	if [ "$1" = all ]; then
		features_names
		names=$REPLY
	else
		declare -F "feature_${1//-/_}" >/dev/null || die "no such feature: $1 (lab.sh features)"
		can_feature "$1" >"$state/can.$$" || die "$1: $(<"$state/can.$$")"
	fi
	mkdir -p "$state/features"
	for name in $names; do
		! feature_active "$name" || continue
		can_feature "$name" >/dev/null || continue
		: >"$state/features/$name"
		"feature_${name//-/_}"
	done
	rm -f "$state/can.$$"
}

can_feature() {
	case $1 in
	apiserver | probes | masquerade) ;;
	nodelocaldns)
		nodelocal_rules
		try "no NOTRACK by $iptables here" "$iptables-restore <<<'$REPLY'"
		;;
	ipvs)
		command -v ipvsadm >/dev/null || cannot "no ipvsadm here" || return
		modprobe -q ip_vs 2>/dev/null || :
		try "no IPVS here" "ipvsadm -A -u $ipvs_service:53 -s rr"
		;;
	flowtable)
		flowtable_table '"lo"'
		try "no flowtable here" "nft -f - <<<'$REPLY'"
		;;
	ecmp)
		# A gateway of BGP behind two routers is more than krt_tunnel.c understands.
		[ "$encap" != crosssubnet ] || cannot "the other subnet is reached by the default route" || return
		try "no multipath routes here" "ip link add name br0 type bridge
			ip addr add 192.0.2.1/24 dev br0
			ip link set br0 up
			ip route add default nexthop via 192.0.2.2 nexthop via 192.0.2.3"
		;;
	policy-routing) try "no policy routing here" "ip rule add from $pool lookup $pod_table" ;;
	*) cannot "no such fault or feature: $1" ;;
	esac
}

# NODE TABLES: more rules in the lab's firewall
rules_add() { in_ns "${node_ns[$1]}" "$iptables-restore" --noflush <<<"$2"; }

# A device that takes addresses and does nothing else
dummy_add() {
	ip -n "$1" link add name "$2" type dummy 2>/dev/null || ip -n "$1" link add name "$2" type bridge
}

# ---- TCP to pods ----

# POD: start what answers there
pod_serve() {
	! process_alive "http.$1" || return 0
	start_process "http.$1" nsenter --net="/run/netns/${pod_ns[$1]}" "$labtool" serve http "${pod_ip[$1]}:$pod_port"
	await "listening /run/netns/${pod_ns[$1]} $pod_port"
}

far_pod() { REPLY=${nodes[count - 1]}-p1; }

feature_apiserver() {
	far_pod
	pod_serve "$REPLY"
}

serve_apiserver() {
	far_pod
	attempt "http $3 > ${pod_ip[$REPLY]}" in_ns "${node_ns[$3]}" "$labtool" http "${pod_ip[$REPLY]}:$pod_port"
	attempt "http $1 > ${pod_ip[$REPLY]}" in_ns "$2" "$labtool" http "${pod_ip[$REPLY]}:$pod_port"
}

feature_probes() {
	pod_serve "$client_pod"
	pod_serve "${nodes[1]}-p2"
}

serve_probes() {
	local pod

	for pod in "$client_pod" "${nodes[1]}-p2"; do
		attempt "probe ${nodes[1]} > ${pod_ip[$pod]}" in_ns "${node_ns[${nodes[1]}]}" \
			"$labtool" http "${pod_ip[$pod]}:$pod_port"
	done
}

# ---- outside ----

feature_masquerade() {
	start_process outside nsenter --net="/run/netns/${prefix}ul" "$labtool" serve dns "$outside"
	await "listening /run/netns/${prefix}ul 53"
}

serve_masquerade() {
	attempt "ping $1 > $outside" ping_once "$2" "$outside"
	attempt "dns $1 > $outside" query "$2" "@$outside"
	attempt "TCP $1 > $outside" query "$2" +tcp "@$outside"
}

# ---- NodeLocal DNSCache ----

nodelocal_rules() {
	local proto raw='' filter=''

	for proto in udp tcp; do
		raw+="-A PREROUTING -d $nodelocal/32 -p $proto -m $proto --dport 53 -j CT --notrack
-A OUTPUT -s $nodelocal/32 -p $proto -m $proto --sport 53 -j CT --notrack
-A OUTPUT -d $nodelocal/32 -p $proto -m $proto --dport 53 -j CT --notrack
"
		filter+="-I INPUT -d $nodelocal/32 -p $proto -m $proto --dport 53 -j ACCEPT
-I OUTPUT -s $nodelocal/32 -p $proto -m $proto --sport 53 -j ACCEPT
"
	done
	REPLY="*raw
${raw}COMMIT
*filter
${filter}COMMIT"
}

feature_nodelocaldns() {
	local node conf rules conds=()

	nodelocal_rules
	rules=$REPLY
	for node in "${nodes[@]}"; do
		dummy_add "${node_ns[$node]}" $nodelocal_dev
		printf '%s\n' "addr add $nodelocal/32 dev $nodelocal_dev" "link set $nodelocal_dev up" |
			ip -n "${node_ns[$node]}" -batch -
		rules_add "$node" "$rules"
		conf=$state/nodelocal.$node.conf
		# Each question goes upstream, so that this leg is seen as well.
		cat_here >"$conf" <<-END
			no-resolv
			no-hosts
			no-poll
			user=root
			cache-size=0
			pid-file=$state/nodelocal.$node.pid
			listen-address=$nodelocal
			bind-interfaces
			server=$service
		END
		start_process "nodelocal.$node" nsenter --net="/run/netns/${node_ns[$node]}" dnsmasq -k -C "$conf"
		conds+=("listening /run/netns/${node_ns[$node]} 53")
	done
	await "${conds[@]}"
}

serve_nodelocaldns() {
	attempt "dns $1 > $nodelocal" query "$2" "@$nodelocal"
	attempt "TCP $1 > $nodelocal" query "$2" +tcp "@$nodelocal"
	attempt "dns $3 > $nodelocal" query "${node_ns[$3]}" "@$nodelocal"
}

# ---- IPVS ----

feature_ipvs() {
	local node proto services='' dns=${pod_ip[$dns_pod]}

	for proto in -u -t; do
		services+="-A $proto $ipvs_service:53 -s rr
-a $proto $ipvs_service:53 -r $dns:53 -m
"
	done
	for node in "${nodes[@]}"; do
		dummy_add "${node_ns[$node]}" $ipvs_dev
		printf '%s\n' "addr add $ipvs_service/32 dev $ipvs_dev" | ip -n "${node_ns[$node]}" -batch -
		in_ns "${node_ns[$node]}" bash -c "echo 1 >/proc/sys/net/ipv4/vs/conntrack
			ipvsadm -R <<<'$services'"
		# The node's own packets to the service start out with its address, which is local.
		rules_add "$node" "*nat
-A POSTROUTING -s $ipvs_service/32 -j MASQUERADE
COMMIT"
	done
}

serve_ipvs() {
	attempt "dns $1 > $ipvs_service" query "$2" "@$ipvs_service"
	attempt "TCP $1 > $ipvs_service" query "$2" +tcp "@$ipvs_service"
	attempt "dns $3 > $ipvs_service" query "${node_ns[$3]}" "@$ipvs_service"
	attempt "TCP $3 > $ipvs_service" query "${node_ns[$3]}" +tcp "@$ipvs_service"
}

# ---- flowtable ----

# DEVICES. What IPVS has changed is none of its business: it does not know IPVS's translation,
# and such connections would stall.
flowtable_table() {
	REPLY="table ip $flow_table {
	flowtable f { hook ingress priority 0; devices = { $1 }; }
	chain forward {
		type filter hook forward priority 10; policy accept;
		ct state established ip protocol tcp ct original ip daddr != $ipvs_service flow add @f
		ct state established ip protocol udp ct original ip daddr != $ipvs_service flow add @f
	}
}"
}

feature_flowtable() {
	local devices='"eth0"' pod

	[ -z "$tunnel" ] || devices+=", \"$tunnel\""
	pods_of "${nodes[1]}"
	for pod in $REPLY; do devices+=", \"${pod_dev[$pod]}\""; done
	flowtable_table "$devices"
	in_ns "${node_ns[${nodes[1]}]}" nft -f - <<<"$REPLY"
}

# Enough packets on one connection for most of them to go by the flowtable
serve_flowtable() {
	attempt "many $1 > $service" in_ns "$2" "$labtool" udp-many "$service"
	attempt "TCP many $1 > $service" in_ns "$2" dig +time=2 +tries=1 +tcp +keepopen "@$service" \
		a.cluster.local b.cluster.local c.cluster.local d.cluster.local
}

# ---- routing ----

# See default_route_line.
feature_ecmp() {
	feature masquerade
	ip -n "${prefix}ul" addr add "$gateway2/${node_net#*/}" dev $bridge
	default_route_add
}

serve_ecmp() { serve_masquerade "$@"; }

feature_policy_routing() {
	local node=${nodes[1]} owner block lines=() gateway device own

	node_blocks "$node"
	own=$REPLY
	for block in $own; do lines+=("route add throw $block table $pod_table"); done
	lines+=("route add $node_net dev eth0 table $pod_table"
		"route add default via ${node_gateway[$node]} dev eth0 table $pod_table")
	for owner in "${nodes[@]}"; do
		[ "$owner" != "$node" ] || continue
		route_healthy "$node" "$owner"
		read -r gateway device <<<"$REPLY"
		node_blocks "$owner"
		for block in $REPLY; do
			lines+=("route add $block via $gateway dev $device onlink table $pod_table")
		done
	done
	for block in $own; do lines+=("rule add from $block lookup $pod_table pref 1000"); done
	printf '%s\n' "${lines[@]}" | ip -n "${node_ns[$node]}" -batch -
}

serve_policy_routing() {
	traffic_ping "$1" "$2"
	traffic_dns "$1" "$2"
	traffic_to_client
}

# All that is on; $who, $ns and $node as for every kind of traffic
traffic_features() {
	local file

	traffic_tcp "$@"
	traffic_node "$@"
	for file in "$state"/features/*; do
		[ ! -e "$file" ] || call_serve "${file##*/}" "$@"
	done
}

call_serve() { "serve_${1//-/_}" "${@:2}"; }
