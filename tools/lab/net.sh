# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Namespaces, links, addresses, firewall and the files of a node's host: what Felix, the CNI
# plugin and kube-proxy do in a real cluster. Whatever has to be done in a namespace is
# collected first and done by one shell there.

readonly stale_nic=ens224 docker_dev=docker0 bridge=br0 bridge2=br1 outside=198.51.100.10
readonly vxlan_id=4096 vxlan_port=4789
readonly mark_accept=0x10000/0x10000

in_ns() {
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# What this kernel can do, asked in a namespace of its own that is removed afterwards: a
# failed attempt with one iptables must not leave half its rules to the other.
probe() {
	local ns=${prefix}probe-$$ backend node=${nodes[0]} sets

	ip netns add "$ns"
	echo "$ns" >>"$state/netns"
	probe_tunnel "$ns"
	sets=$use_ipset
	use_ipset=no
	if [ "$sets" = yes ]; then
		ipset_lines "$node"
		in_ns "$ns" ipset restore <<<"$REPLY" 2>/dev/null && use_ipset=yes
	fi
	iptables=
	while :; do
		firewall_rules "$node"
		for backend in ${iptables_wanted:-iptables-nft iptables-legacy iptables}; do
			if in_ns "$ns" "$backend-restore" <<<"$REPLY" 2>"$state/probe.log"; then
				iptables=$backend
				break 2
			fi
			in_ns "$ns" "$backend-restore" <<<$'*nat\nCOMMIT\n*filter\nCOMMIT' 2>/dev/null || :
		done
		# The sets may work while iptables cannot match on them.
		[ "$use_ipset" = yes ] || die "no iptables works here: $(cat "$state/probe.log")"
		use_ipset=no
	done
	ip netns del "$ns"
}

# tunnel_kind, the tunnel's name, and the pods' MTU. "auto" and "crosssubnet" take IPIP where
# the kernel has it.
probe_tunnel() {
	case $encap in
	none) tunnel_kind=none tunnel='' mtu=1500 && return ;;
	ipip | vxlan) tunnel_kind=$encap ;;
	*) tunnel_kind=vxlan ;;
	esac
	if [ "$encap" != vxlan ]; then
		[ -d /sys/module/ipip ] || modprobe -q ipip 2>/dev/null || :
		! ip -n "$1" link add name t type ipip local 127.0.0.2 remote 127.0.0.3 2>/dev/null ||
			tunnel_kind=ipip
	fi
	[ "$encap" != auto ] || encap=$tunnel_kind
	tunnel=tunl0 mtu=1480
	[ "$tunnel_kind" = ipip ] || tunnel=vxlan.calico mtu=1450
}

# ---- links ----

# One batch makes every namespace and every link, each link with its ends in place.
build_links() {
	local node pod i=0 lines=()

	lines+=("netns add ${prefix}ul")
	for node in "${nodes[@]}"; do lines+=("netns add ${node_ns[$node]}"); done
	for pod in "${pods[@]}"; do lines+=("netns add ${pod_ns[$pod]}"); done
	for node in "${nodes[@]}"; do
		lines+=("link add name eth0 netns ${node_ns[$node]} type veth peer name port$((++i)) netns ${prefix}ul")
	done
	for pod in "${pods[@]}"; do
		pod_link_line "$pod"
		lines+=("$REPLY")
	done
	printf '%s\n' "${lines[@]}" | ip -batch -
}

pod_link_line() {
	REPLY="link add name ${pod_dev[$1]} mtu $mtu netns ${node_ns[${pod_node[$1]}]}"
	REPLY+=" address ee:ee:ee:ee:ee:ee type veth peer name eth0 mtu $mtu netns ${pod_ns[$1]}"
}

# In both kinds of namespace IPv6 is off: its own chatter would only blur what tests see.
readonly shell_common='set -e
cd /proc/sys/net
for f in ipv6/conf/{all,default}/disable_ipv6; do [ ! -e $f ] || echo 1 >$f; done
'

setup_underlay() {
	local i node block last=${nodes[count - 1]} lines=()

	lines+=("link set lo up" "link add name $bridge type bridge"
		"addr add $gateway/${node_net#*/} dev $bridge" "link set $bridge up"
		"addr add $outside/32 dev lo")
	for ((i = 1; i <= count; i++)); do lines+=("link set port$i master $bridge up"); done
	if [ "$encap" = crosssubnet ]; then
		lines+=("link add name $bridge2 type bridge" "link set $bridge2 up"
			"addr add ${node_gateway[$last]}/${node_net#*/} dev $bridge2"
			"link set port$count master $bridge2")
	fi
	if [ "$upstream" = reject ]; then
		# Only what the gateway itself sends, its ICMP errors, finds the way to a pod.
		lines+=("route add unreachable default" "rule add iif lo lookup 100 pref 100")
		for node in "${nodes[@]}"; do
			node_blocks "$node"
			for block in $REPLY; do
				lines+=("route add $block via ${node_ip[$node]} table 100")
			done
		done
	else
		lines+=("route add blackhole default")
	fi
	in_ns "${prefix}ul" bash -c "$shell_common
		echo 1 >ipv4/ip_forward
		for f in ipv4/conf/*/{rp_filter,send_redirects}; do echo 0 >\$f; done
		ip -batch - <<-END
			$(printf '%s\n' "${lines[@]}")
		END"
}

# NODE add|replace
default_route_line() {
	REPLY="route $2 default"
	if [ "$1" = "${nodes[1]}" ] && feature_active ecmp; then
		REPLY+=" proto static metric 100 nexthop via ${node_gateway[$1]} dev eth0 nexthop via $gateway2 dev eth0"
	else
		REPLY+=" via ${node_gateway[$1]} dev eth0 proto static metric 100"
	fi
}

node_ip_lines() {
	local node=$1 pod ip=${node_ip[$1]} lines=()

	default_route_line "$node" add
	lines+=("link set lo up" "link set eth0 up"
		"addr add $ip/${node_net#*/} brd + dev eth0 metric 100" "$REPLY")
	if [ "$tunnel_kind" != none ]; then
		tunnel_lines "$node"
		lines+=("$REPLY")
	fi
	if [ "$docker_net" != none ]; then
		split_prefix "$docker_net"
		number_to_ip $((net_base + 1))
		lines+=("link add name $docker_dev type bridge" "link set $docker_dev up"
			"addr add $REPLY/${docker_net#*/} brd + dev $docker_dev")
	fi
	for pod in "${pods[@]}"; do
		[ "${pod_node[$pod]}" = "$node" ] || continue
		lines+=("link set ${pod_dev[$pod]} up" "route add ${pod_ip[$pod]} dev ${pod_dev[$pod]} scope link")
	done
	if [ "$tunnel_kind" = vxlan ]; then
		vtep_lines "$node"
		lines+=("$REPLY")
	fi
	printf -v REPLY '%s\n' "${lines[@]}"
}

# The device with its address; that of IPIP is there already.
tunnel_lines() {
	REPLY=
	if [ "$tunnel_kind" = vxlan ]; then
		REPLY="link add name $tunnel mtu $mtu address ${node_vtep_mac[$1]} type vxlan id $vxlan_id local ${node_ip[$1]} dev eth0 dstport $vxlan_port nolearning"$'\n'
	fi
	REPLY+="addr add ${node_tunnel_ip[$1]}/32 dev $tunnel"$'\n'"link set $tunnel mtu $mtu up"
}

# Only the neighbours: "bridge" has a batch of its own.
vtep_lines() {
	local node=$1 peer

	REPLY=
	for peer in "${nodes[@]}"; do
		[ "$peer" != "$node" ] || continue
		REPLY+="neigh replace ${node_ip[$peer]} lladdr ${node_vtep_mac[$peer]} dev $tunnel nud permanent"$'\n'
	done
	REPLY=${REPLY%$'\n'}
}

fdb_lines() {
	local node=$1 peer

	REPLY=
	for peer in "${nodes[@]}"; do
		[ "$peer" != "$node" ] || continue
		REPLY+="fdb replace ${node_vtep_mac[$peer]} dev $tunnel dst ${node_ip[$peer]} self permanent"$'\n'
	done
	REPLY=${REPLY%$'\n'}
}

readonly shell_cali='
for d in ipv4/conf/cali*; do
	[ -d "$d" ] || continue
	echo 1 >$d/proxy_arp
	echo 1 >$d/route_localnet
	echo 1 >$d/forwarding
	echo 0 >$d/rp_filter
	echo 0 >ipv4/neigh/${d##*/}/proxy_delay
done
'

setup_node() {
	local node=$1 tmp=$state/tmp/$1

	node_ip_lines "$node"
	echo "$REPLY" >"$tmp.ip"
	firewall_rules "$node"
	echo "$REPLY" >"$tmp.rules"
	if [ "$use_ipset" = yes ]; then
		ipset_lines "$node"
		echo "$REPLY" >"$tmp.ipset"
	fi
	if [ "$tunnel_kind" = vxlan ]; then
		fdb_lines "$node"
		echo "$REPLY" >"$tmp.fdb"
	fi
	# The tunnel of IPIP comes with the module, unless the machine wants it otherwise.
	in_ns "${node_ns[$node]}" bash -c "$shell_common
		for d in all default eth0; do echo 0 >ipv4/conf/\$d/rp_filter; done
		echo 1 >ipv4/ip_forward
		$shell_cali
		if [ $tunnel_kind = ipip ] && [ ! -d ipv4/conf/$tunnel ]; then
			ip link add name $tunnel type ipip local any remote any
		fi
		ip -batch '$tmp.ip'
		for d in ipv4/conf/*/rp_filter; do echo 0 >\$d; done
		[ ! -e '$tmp.fdb' ] || bridge -batch '$tmp.fdb'
		[ ! -e '$tmp.ipset' ] || ipset restore <'$tmp.ipset'
		$iptables-restore <'$tmp.rules'"
}

setup_pod() {
	local pod=$1

	in_ns "${pod_ns[$pod]}" bash -c "$shell_common
		exec ip -batch - <<-END
			link set lo up
			link set eth0 up
			addr add ${pod_ip[$pod]}/32 dev eth0
			route add 169.254.1.1 dev eth0 scope link
			route add default via 169.254.1.1 dev eth0
		END"
}

# ---- firewall ----

# The addresses that the cluster has on record for its nodes, a wrong one included.
registered_address() {
	REPLY=${node_ip[$1]}
	if [ "$1" = "${nodes[1]}" ] && incident_active; then
		REPLY=${wrong%/*}
	fi
}

allowlist_lacks() { [ "$1/$2" = "${nodes[0]}/${nodes[1]}" ] && fault_active allowlist; }

allowlist_set() {
	allow_set=cali40all-hosts-net
	[ "$tunnel_kind" != vxlan ] || allow_set=cali40all-vxlan-net
}

ipset_lines() {
	local node=$1 peer text=

	for peer in all-ipam-pools masq-ipam-pools all-hosts-net; do
		text+="create -exist cali40$peer hash:net family inet maxelem 1048576"$'\n'"flush cali40$peer"$'\n'
	done
	text+="add cali40all-ipam-pools $pool"$'\n'"add cali40masq-ipam-pools $pool"$'\n'
	if [ "$tunnel_kind" = vxlan ]; then
		text+=$'create -exist cali40all-vxlan-net hash:net family inet maxelem 1048576\nflush cali40all-vxlan-net\n'
	fi
	for peer in "${nodes[@]}"; do
		! allowlist_lacks "$node" "$peer" || continue
		registered_address "$peer"
		text+="add cali40all-hosts-net $REPLY"$'\n'
		# As Felix has it, this set is without the node itself.
		[ "$tunnel_kind" != vxlan ] || [ "$peer" = "$node" ] || text+="add cali40all-vxlan-net $REPLY"$'\n'
	done
	if [ "$node" = "${nodes[1]}" ]; then
		big_ipset_lines
		text+=$REPLY
	fi
	REPLY=${text%$'\n'}
}

# Without ipset the allow-list is a chain of its own, so that it can be filled anew alone.
allowlist_rules() {
	local node=$1 peer text=

	for peer in "${nodes[@]}"; do
		! allowlist_lacks "$node" "$peer" || continue
		registered_address "$peer"
		text+="-A cali-allow-hosts -s $REPLY/32 -j ACCEPT"$'\n'
	done
	REPLY=${text%$'\n'}
}

allowlist_apply() {
	local node

	for node in "${nodes[@]}"; do
		if [ "$use_ipset" = yes ]; then
			ipset_lines "$node"
			in_ns "${node_ns[$node]}" ipset restore <<<"$REPLY"
		else
			allowlist_rules "$node"
			in_ns "${node_ns[$node]}" "$iptables-restore" --noflush <<-END
				*filter
				-F cali-allow-hosts
				$REPLY
				COMMIT
			END
		fi
	done
}

endpoint_rules() {
	local dev=$1 chain

	REPLY=
	for chain in "cali-fw-$dev" "cali-tw-$dev"; do
		REPLY+="-A $chain -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A $chain -m conntrack --ctstate INVALID -j DROP
-A $chain -j MARK --set-xmark $mark_accept
"
	done
	REPLY+="-I cali-from-wl-dispatch -i $dev -g cali-fw-$dev
-I cali-to-wl-dispatch -o $dev -g cali-tw-$dev"
}

firewall_rules() {
	local node=$1 pod chains='' endpoints='' allow outgoing tunnel_match masquerade='' dns=${pod_ip[$dns_pod]}

	for pod in "${pods[@]}"; do
		[ "${pod_node[$pod]}" = "$node" ] || continue
		chains+=":cali-fw-${pod_dev[$pod]} - [0:0]"$'\n'":cali-tw-${pod_dev[$pod]} - [0:0]"$'\n'
		endpoint_rules "${pod_dev[$pod]}"
		endpoints+=$REPLY$'\n'
	done
	tunnel_match='-p 4'
	[ -z "$tunnel" ] || masquerade="-A cali-POSTROUTING -o $tunnel -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE"$'\n'
	[ "$tunnel_kind" != vxlan ] || tunnel_match="-p udp -m udp --dport $vxlan_port"
	allowlist_set
	if [ "$use_ipset" = yes ]; then
		allow="-A cali-INPUT $tunnel_match -m comment --comment \"cali:allow-tunnel-host\" -m set --match-set $allow_set src -m addrtype --dst-type LOCAL -j ACCEPT"
		outgoing='-m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst'
	else
		allowlist_rules "$node"
		chains+=':cali-allow-hosts - [0:0]'$'\n'
		allow="$REPLY
-A cali-INPUT $tunnel_match -m addrtype --dst-type LOCAL -j cali-allow-hosts"
		outgoing="-s $pool ! -d $pool"
	fi
	REPLY="*nat
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DNS - [0:0]
-A PREROUTING -j cali-PREROUTING
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j cali-OUTPUT
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j cali-POSTROUTING
-A KUBE-SERVICES -d $service/32 -p udp -m udp --dport $service_port -j KUBE-SVC-DNS
-A KUBE-SERVICES -d $service/32 -p tcp -m tcp --dport $service_port -j KUBE-SVC-DNS
-A KUBE-SVC-DNS -p udp -m udp -j DNAT --to-destination $dns:$service_port
-A KUBE-SVC-DNS -p tcp -m tcp -j DNAT --to-destination $dns:$service_port
-A cali-POSTROUTING -j cali-nat-outgoing
${masquerade}-A cali-nat-outgoing $outgoing -j MASQUERADE
COMMIT
*filter
:cali-INPUT - [0:0]
:cali-FORWARD - [0:0]
:cali-wl-to-host - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
$chains-A INPUT -j cali-INPUT
-A FORWARD -j cali-FORWARD
$allow
-A cali-INPUT $tunnel_match -m comment --comment \"cali:drop-tunnel-other\" -m addrtype --dst-type LOCAL -j DROP
-A cali-INPUT -i cali+ -g cali-wl-to-host
-A cali-wl-to-host -j ACCEPT
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-FORWARD -m mark --mark $mark_accept -j ACCEPT
-A cali-from-wl-dispatch -m comment --comment \"cali:8DpS1VpnQOiKcCTV\" -m comment --comment \"Unknown interface\" -j DROP
-A cali-to-wl-dispatch -m comment --comment \"cali:mJuJmP0sLqqTSKnD\" -m comment --comment \"Unknown interface\" -j DROP
${endpoints}COMMIT"
}

# ---- the files of a node ----

host_files() {
	local node root pod

	for node in "${nodes[@]}"; do
		root=${node_root[$node]}
		mkdir -p "$root/var/lib/calico" "$root/var/lib/cni/results" "$root/var/run/calico" \
			"$root/etc/calico/confd/config" "$root/etc/cni/net.d"
		echo -n "$node" >"$root/var/lib/calico/nodename"
		echo -n "$mtu" >"$root/var/lib/calico/mtu"
		mkdir -p "$root/var/lib/kubelet"
		printf 'apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n- %s\nclusterDomain: cluster.local\nkind: KubeletConfiguration\n' \
			"$service" >"$root/var/lib/kubelet/config.yaml"
		ln -s /proc "$root/proc"
		cni_config "$node" >"$root/etc/cni/net.d/10-calico.conflist"
	done
	[ "$use_cni" = yes ] || return 0
	for pod in "${pods[@]}"; do
		cni_result "$pod"
	done
}

cni_config() {
	cat_here <<-END
		{"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[{"type":"calico","log_level":"info","datastore_type":"kubernetes","nodename":"$1","mtu":$mtu,"ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"},"kubernetes":{"kubeconfig":"/etc/cni/net.d/calico-kubeconfig"}},{"type":"portmap","snat":true,"capabilities":{"portMappings":true}}]}
	END
}

# cat without a process
cat_here() {
	local text

	IFS= read -r -d '' text || :
	printf '%s' "$text"
}

cni_path() {
	REPLY=${node_root[${pod_node[$1]}]}/var/lib/cni/results/k8s-pod-network-${pod_id[$1]}-eth0
}

cni_result() {
	local pod=$1 path name=${pod_k8s[$1]#*/} namespace=${pod_k8s[$1]%/*}

	cni_path "$pod"
	path=$REPLY
	cat_here >"$path" <<-END
		{"kind":"cniCacheV1","containerId":"${pod_id[$pod]}","config":"","ifName":"eth0","networkName":"k8s-pod-network","netns":"/run/netns/${pod_ns[$pod]}","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","$namespace"],["K8S_POD_NAME","$name"],["K8S_POD_INFRA_CONTAINER_ID","${pod_id[$pod]}"]],"result":{"cniVersion":"0.3.1","dns":{},"interfaces":[{"name":"${pod_dev[$pod]}"}],"ips":[{"version":"4","address":"${pod_ip[$pod]}/32"}]}}
	END
}

# ---- pods ----

# HASH of each line's pod: the device's name and the container's id come from it.
pods_register() {
	local line file lines=("$@") node pod ip namespace name hash

	mkdir -p "$state/tmp/sha1"
	for line in "${lines[@]}"; do
		read -r pod node ip namespace name <<<"$line"
		printf '%s.%s' "$namespace" "$name" >"$state/tmp/sha1/$pod"
	done
	for node in "${nodes[@]}"; do printf '%s' "$node" >"$state/tmp/sha1/$node"; done
	while read -r hash file; do
		file=${file##*/}
		if [ -n "${node_ip[$file]:-}" ]; then
			# 0x66, then the start of the node name's hash, as Felix has it.
			printf -v "node_vtep_mac[$file]" '66:%s:%s:%s:%s:%s' "${hash:0:2}" "${hash:2:2}" \
				"${hash:4:2}" "${hash:6:2}" "${hash:8:2}"
			continue
		fi
		for line in "${lines[@]}"; do
			read -r pod node ip namespace name <<<"$line"
			[ "$pod" != "$file" ] || pod_register "$pod" "$node" "$ip" "$namespace" "$name" "$hash"
		done
	done < <(sha1sum "$state"/tmp/sha1/*)
	rm -r "$state/tmp/sha1"
}

first_pods() {
	local node lines=()

	block_address "${nodes[0]}" $place_dns
	lines+=("$dns_pod ${nodes[0]} $REPLY kube-system $dns_pod")
	for node in "${nodes[@]}"; do
		block_address "$node" $place_first_pod
		lines+=("$node-p1 $node $REPLY default $node-p1")
	done
	block_address "${nodes[1]}" $((place_first_pod + 1))
	lines+=("${nodes[1]}-p2 ${nodes[1]} $REPLY default ${nodes[1]}-p2")
	pods_register "${lines[@]}"
}

start_dns() {
	local pod=$dns_pod texts conf=$state/dnsmasq.conf

	# More than 512 octets are truncated without EDNS, more than 1232 with it.
	printf -v texts 'txt-record=%s.cluster.local,"%0200d"\n' long 1 long 2 long 3 long 4 \
		huge 1 huge 2 huge 3 huge 4 huge 5 huge 6 huge 7 huge 8
	cat_here >"$conf" <<-END
		no-resolv
		no-hosts
		no-poll
		user=root
		pid-file=$state/dnsmasq.pid
		log-facility=$state/log/dnsmasq.log
		listen-address=${pod_ip[$pod]}
		bind-interfaces
		address=/cluster.local/10.96.0.1
		address=/cluster.local/fd00:10:96::1
		address=/#/
		$texts
	END
	start_process dns nsenter --net="/run/netns/${pod_ns[$pod]}" dnsmasq -k -C "$conf"
}

pod_add() {
	local node=$1 name=$2 pod=$1-$2 place taken other

	[ -n "${node_ip[$node]:-}" ] || die "no such node: $node"
	[[ $name =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$ ]] || die "no name for a pod: $name"
	[ -z "${pod_ip[$pod]:-}" ] || die "there is a pod $pod"
	split_prefix "${node_range[$node]}"
	for ((place = place_first_pod; place < net_size - 2; place++)); do
		number_to_ip $((net_base + place))
		taken=
		for other in "${pods[@]}"; do [ "${pod_ip[$other]}" != "$REPLY" ] || taken=1; done
		[ -n "$taken" ] || break
	done
	((place < net_size - 2)) || die "the block of $node is full"
	pods_register "$pod $node $REPLY default $pod"
	pods_save
	echo "${pod_ns[$pod]}" >>"$state/netns"
	pod_link_line "$pod"
	printf '%s\n' "netns add ${pod_ns[$pod]}" "$REPLY" | ip -batch -
	endpoint_rules "${pod_dev[$pod]}"
	in_ns "${node_ns[$node]}" bash -c "set -e
		cd /proc/sys/net
		$shell_cali
		$iptables-restore --noflush <<-END
			*filter
			:cali-fw-${pod_dev[$pod]} - [0:0]
			:cali-tw-${pod_dev[$pod]} - [0:0]
			$REPLY
			COMMIT
		END
		exec ip -batch - <<-END
			link set ${pod_dev[$pod]} up
			route add ${pod_ip[$pod]} dev ${pod_dev[$pod]} scope link
		END"
	setup_pod "$pod"
	[ "$use_cni" = no ] || cni_result "$pod"
	((block_len < 32)) || pod_announced "$pod"
}

# POD, whose address is a block of its own: until every node has heard of it
pod_announced() {
	local node conds=()

	bird_configure
	felix_apply
	for node in "${nodes[@]}"; do
		[ "$node" != "${pod_node[$1]}" ] || continue
		route_healthy "$node" "${pod_node[$1]}"
		conds+=("route /run/netns/${node_ns[$node]} ${pod_ip[$1]}/32 $REPLY")
	done
	await "${conds[@]}"
}

pod_del() {
	local node=$1 pod=$1-$2 dev p rest=()

	[ -n "${pod_ip[$pod]:-}" ] || die "no such pod: $pod"
	[ "$pod" != "$dns_pod" ] || die "the lab needs $pod"
	dev=${pod_dev[$pod]}
	# The kernel drops the /32 with its device. The namespace goes last: others may hold it.
	printf '%s\n' "link del $dev" | ip -n "${node_ns[$node]}" -batch -
	in_ns "${node_ns[$node]}" "$iptables-restore" --noflush <<-END
		*filter
		-D cali-from-wl-dispatch -i $dev -g cali-fw-$dev
		-D cali-to-wl-dispatch -o $dev -g cali-tw-$dev
		-F cali-fw-$dev
		-F cali-tw-$dev
		-X cali-fw-$dev
		-X cali-tw-$dev
		COMMIT
	END
	ip netns del "${pod_ns[$pod]}"
	cni_path "$pod"
	rm -f "$REPLY"
	for p in "${pods[@]}"; do [ "$p" = "$pod" ] || rest+=("$p"); done
	pods=("${rest[@]}")
	unset "pod_ip[$pod]"
	pods_save
}
