# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # variables of lab.sh
#
# The faults of pods' addresses and of services, as kube-proxy of k8s02 has them.

readonly old_port=40053

# ---- addresses ----

# As Calico would, but by the kernel's own means, which each kernel has.
fault_spoofed_source() {
	gateway_pin
	client_knob rp_filter 1
	ip_in "${pod_ns[$client_pod]}" <<<"addr add $dead_remote/32 dev eth0"
}

heal_spoofed_source() {
	ip_in "${pod_ns[$client_pod]}" <<<"addr del $dead_remote/32 dev eth0"
	client_knob rp_filter 0
	gateway_unpin
}

# IPAM lends addresses of other nodes' blocks where a node has none left; the owner has a /32 for each.
fault_borrowed_address() {
	local pod=${nodes[0]}-p1

	ip_in "${pod_ns[$pod]}" <<<"addr add $stale_address/32 dev eth0"
	ip_in "${node_ns[${nodes[0]}]}" <<<"route replace $stale_address/32 dev ${pod_dev[$pod]} scope link"
	: >"$state/lent"
	bird_configure wait
	felix_apply
	wait_settled
	rm "$state/lent"
}

heal_borrowed_address() {
	local pod=${nodes[0]}-p1

	rm -f "$state/lent"
	ip_in "${node_ns[${nodes[0]}]}" <<<"route del $stale_address/32 dev ${pod_dev[$pod]}"
	ip_in "${pod_ns[$pod]}" <<<"addr del $stale_address/32 dev eth0"
}

# ---- the service ----

# TABLE LINE...: of the node k8s02
service_rules() {
	local IFS=$'\n'

	in_ns "${node_ns[${nodes[1]}]}" "$iptables-restore" --noflush <<<"*$1"$'\n'"${*:2}"$'\nCOMMIT'
}

# -A|-D: what has the service translated, there or not
service_translation() {
	local proto lines=()

	for proto in udp tcp; do
		lines+=("$1 KUBE-SERVICES -d $service/32 -p $proto -m $proto --dport $service_port -j KUBE-SVC-DNS")
	done
	service_rules nat "${lines[@]}"
}

# What kube-proxy puts in its place where there is no endpoint, in a chain of its own
service_rejection_add() {
	local proto lines=(':KUBE-SERVICES - [0:0]' '-I FORWARD -j KUBE-SERVICES' '-I OUTPUT -j KUBE-SERVICES')

	for proto in udp tcp; do
		lines+=("-A KUBE-SERVICES -d $service/32 -p $proto -m comment --comment \"kube-system/kube-dns:dns has no endpoints\" -m $proto --dport $service_port -j REJECT --reject-with icmp-port-unreachable")
	done
	service_rules filter "${lines[@]}"
}

service_rejection_del() {
	service_rules filter '-D FORWARD -j KUBE-SERVICES' '-D OUTPUT -j KUBE-SERVICES' '-F KUBE-SERVICES' '-X KUBE-SERVICES'
}

fault_no_endpoints() {
	service_translation -D
	service_rejection_add
}

heal_no_endpoints() {
	service_rejection_del
	service_translation -A
}

fault_not_translated() { service_translation -D; }
heal_not_translated() { service_translation -A; }

# An endpoint on k8s02 itself, which the client has asked, and which is gone by now, from the
# service's rules as well: only conntrack remembers it, for two minutes.
fault_stale_nat() {
	local node=${nodes[1]} pod=${nodes[1]}-old-dns rule

	pod_add "$node" old-dns
	rule="KUBE-SVC-DNS -s ${pod_ip[$client_pod]} -p udp -m udp -j DNAT --to-destination ${pod_ip[$pod]}:$service_port"
	start_process old-dns nsenter --net="/run/netns/${pod_ns[$pod]}" "$labtool" serve dns "${pod_ip[$pod]}" 0
	await "listening /run/netns/${pod_ns[$pod]} 53"
	service_rules nat "-I $rule"
	query "${pod_ns[$client_pod]}" -b "0.0.0.0#$old_port" "@$service" >/dev/null
	service_rules nat "-D $rule"
	stop_processes TERM old-dns
	pod_del "$node" old-dns
}
