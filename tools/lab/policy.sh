# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317,SC2154 # functions called by their names; variables of lab.sh
#
# Faults of Calico's own rules, with chains and comments as Felix writes them: a policy that
# denies, an endpoint that Felix does not know, pods that may not talk to their node, packets that
# conntrack calls INVALID, sources that the anti-spoofing rule refuses. Each has a function that
# puts what iptables-restore takes into REPLY, so that "can" tries the very rules.

# What Felix writes before its other comments: cali: and a hash of the rule
felix() { REPLY="-m comment --comment \"cali:$(printf %s "$1" | md5sum | cut -c1-16)\""; }

# BACKEND NODE RULES; what is gone already is no error
policy_restore() { in_ns "${node_ns[$2]}" "$1-restore" --noflush <<<"$3"; }

# ---- a policy of the client's that denies DNS ----

readonly deny_chain=cali-po-default.deny-dns

policy_deny_rules() {
	local hash

	client_dev
	local fw=cali-fw-$REPLY
	felix "$deny_chain"
	hash=$REPLY
	REPLY="*filter
:$deny_chain - [0:0]
-A $deny_chain $hash -m comment --comment \"Policy default/deny-dns egress\" -p tcp -m tcp --dport $service_port -j DROP
-A $deny_chain $hash -p udp -m udp --dport $service_port -j DROP
$1 $fw ${2:+$2 }$hash -m comment --comment \"Start of policies\" -j $deny_chain
COMMIT"
}

# Before the endpoint's chain accepts, behind what it does first
fault_policy_deny() {
	policy_deny_rules -I 3
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
}

heal_policy_deny() {
	policy_deny_rules -D ''
	policy_restore "$iptables" "${nodes[1]}" "$(grep -v "^[:]\|^-A" <<<"$REPLY")"
	policy_restore "$iptables" "${nodes[1]}" $'*filter\n-F '"$deny_chain"$'\n-X '"$deny_chain"$'\nCOMMIT'
}

# The other backend has all of it once more: what an upgrade leaves behind
policy_deny_legacy_rules() {
	local fw

	client_dev
	fw=cali-fw-$REPLY
	policy_deny_rules -A ''
	REPLY=${REPLY/'*filter'/"*filter
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:$fw - [0:0]
-A FORWARD -j cali-FORWARD
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-from-wl-dispatch -i ${fw#cali-fw-} -g $fw"}
}

fault_policy_deny_legacy() {
	policy_deny_legacy_rules
	policy_restore iptables-legacy "${nodes[1]}" "$REPLY"
}

heal_policy_deny_legacy() {
	local chain lines=$'*filter\n-D FORWARD -j cali-FORWARD'

	client_dev
	for chain in cali-FORWARD cali-from-wl-dispatch "cali-fw-$REPLY" "$deny_chain"; do
		lines+=$'\n'"-F $chain"
	done
	for chain in cali-FORWARD cali-from-wl-dispatch "cali-fw-$REPLY" "$deny_chain"; do
		lines+=$'\n'"-X $chain"
	done
	policy_restore iptables-legacy "${nodes[1]}" "$lines"$'\nCOMMIT'
}

# As Felix of v3.29 and later writes it for nf_tables: a table of its own, endpoints by a verdict map
policy_deny_nft_table() {
	client_dev
	REPLY="table ip calico {
	map filter-cali-fw-dispatch {
		type ifname : verdict
		elements = { \"$REPLY\" : goto filter-cali-fw-$REPLY }
	}
	chain filter-FORWARD {
		type filter hook forward priority filter; policy accept;
		counter jump filter-cali-FORWARD
	}
	chain filter-cali-FORWARD { iifname \"cali*\" counter jump filter-cali-from-wl-dispatch; }
	chain filter-cali-from-wl-dispatch { iifname vmap @filter-cali-fw-dispatch; }
	chain filter-cali-fw-$REPLY {
		ct state established,related counter accept
		ct state invalid counter drop
		counter jump filter-$deny_chain
	}
	chain filter-$deny_chain {
		tcp dport $service_port counter drop comment \"Policy default/deny-dns egress\"
		udp dport $service_port counter drop
	}
}"
}

fault_policy_deny_nft() {
	policy_deny_nft_table
	in_ns "${node_ns[${nodes[1]}]}" nft -f - <<<"$REPLY"
}

heal_policy_deny_nft() { in_ns "${node_ns[${nodes[1]}]}" nft delete table ip calico; }

# ---- the same, where no rule has a counter, and somebody looks for the culprit by nftrace ----

# Three kinds of rules that may drop there: a policy's, for INVALID packets, somebody else's.
policy_traced_tables() {
	local client=${pod_ip[$client_pod]}

	policy_deny_nft_table
	REPLY="${REPLY//counter drop/drop}
table ip lab_trace {
	chain trace {
		type filter hook prerouting priority raw; policy accept;
		ip saddr $client meta nftrace set 1
	}
	chain guard {
		type filter hook forward priority filter; policy accept;
		ip saddr $client ip ttl 7 drop
	}
}"
}

fault_policy_traced() {
	policy_traced_tables
	in_ns "${node_ns[${nodes[1]}]}" nft -f - <<<"$REPLY"
}

heal_policy_traced() {
	in_ns "${node_ns[${nodes[1]}]}" nft -f - <<<$'delete table ip calico\ndelete table ip lab_trace'
}

# ---- Felix does not know the client's device ----

unknown_interface_rules() {
	client_dev
	REPLY="*filter
$1 cali-from-wl-dispatch -i $REPLY -g cali-fw-$REPLY
COMMIT"
}

fault_unknown_interface() {
	unknown_interface_rules -D
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
}

heal_unknown_interface() {
	unknown_interface_rules -I
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
}

# ---- pods may not talk to their node: DefaultEndpointToHostAction is Drop ----

wl_to_host_rules() {
	felix wl-to-host
	REPLY="*filter
$1 cali-wl-to-host $REPLY -m comment --comment \"Configured DefaultEndpointToHostAction\" -j DROP
COMMIT"
}

fault_wl_to_host() {
	wl_to_host_rules -I
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
}

heal_wl_to_host() {
	wl_to_host_rules -D
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
}

# ---- k8s01 sees the echo replies of the DNS pod, and has seen no request ----

conntrack_invalid_rules() {
	REPLY="*raw
$1 PREROUTING -d ${pod_ip[$dns_pod]} -p icmp -j CT --notrack
COMMIT"
}

fault_conntrack_invalid() {
	conntrack_invalid_rules -I
	policy_restore "$iptables" "${nodes[0]}" "$REPLY"
}

heal_conntrack_invalid() {
	conntrack_invalid_rules -D
	policy_restore "$iptables" "${nodes[0]}" "$REPLY"
}

# ---- the client's /32 leads to the other pod's device, and Felix refuses its source ----

calico_rpf_rules() {
	felix rpf
	REPLY="*raw
:cali-PREROUTING - [0:0]
-A PREROUTING $REPLY -j cali-PREROUTING
-A cali-PREROUTING $REPLY -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING $REPLY -i cali+ -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING $REPLY -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
COMMIT"
}

fault_calico_rpf() {
	gateway_pin
	calico_rpf_rules
	policy_restore "$iptables" "${nodes[1]}" "$REPLY"
	client_route "${pod_dev[${nodes[1]}-p2]}"
	ip_in "${node_ns[${nodes[1]}]}" <<<"$REPLY"
}

heal_calico_rpf() {
	client_route "${pod_dev[$client_pod]}"
	ip_in "${node_ns[${nodes[1]}]}" <<<"$REPLY"
	felix rpf
	policy_restore "$iptables" "${nodes[1]}" "*raw
-D PREROUTING $REPLY -j cali-PREROUTING
-F cali-PREROUTING
-X cali-PREROUTING
COMMIT"
	gateway_unpin
}

# FAULT: its rules, in a namespace where nothing stands yet
can_policy() {
	local by=$iptables

	case $1 in
	policy-deny-nft | policy-traced)
		if [ "$1" = policy-traced ]; then policy_traced_tables; else policy_deny_nft_table; fi
		try "nft cannot do it here" "nft -f - <<<'$REPLY'"
		return
		;;
	policy-deny-legacy)
		by=iptables-legacy
		policy_deny_legacy_rules
		;;
	conntrack-invalid) conntrack_invalid_rules -I ;;
	calico-rpf) calico_rpf_rules ;;
	*) return 0 ;;
	esac
	try "$by cannot do it here" "$by-restore <<<'$REPLY'"
}
