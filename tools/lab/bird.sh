# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# BIRD: its configuration for each node, its processes, and waiting.
#
# Calico's fork knows "krt_tunnel", which puts a route on the tunnel device; BIRD 1.6 learns
# it from krt_tunnel.c.

write_file() { printf '%s' "$REPLY" >"$1"; }

# What all sessions have in common, but for their filters
set_bgp_template() {
	bgp_template="template bgp bgp_template {
  local as 64512;
  multihop;
  gateway recursive;
  add paths on;
  graceful restart;
  graceful restart time $gr_time;
  connect retry time 5;
  error wait time 1,3;
  error forget time 1;"
}

# The address that a node itself speaks BGP from.
source_address() {
	REPLY=${node_ip[$1]}
	if [ "$1" = "${nodes[1]}" ] && fault_active incident-bind; then
		REPLY=${wrong%/*}
	fi
}

# The sessions of $node, which speaks from $source, as the faults that are on call for
bird_peers() {
	local peer address delay name list text=

	peers_of "$node"
	list=$REPLY
	for peer in $list; do
		address=${node_ip[$peer]}
		if [ "$node" != "$second" ]; then
			registered_address "$peer"
			address=$REPLY
		fi
		# Two that connect at once collide, so the higher address waits. In the incident
		# no peer of k8s02 connects to it, and it need not wait for any.
		delay=1
		ip_to_number "$address"
		set -- "$REPLY"
		ip_to_number "${node_ip[$node]}"
		if ((REPLY > $1)) && ! { [ "$node" = "$second" ] && incident_active; }; then
			delay=5
		fi
		session_name "$node" "$address"
		name=$REPLY
		text+="
protocol bgp $name from bgp_template {
  neighbor $address as 64512;
  source address $source;
  connect delay time $delay;"
		[ "$peers/$node" != "reflector/$first" ] || text+=$'\n  rr client;\n  rr cluster id 224.0.0.1;'
		[ "$node" != router ] || text+=$'\n  rr client;\n  next hop self;'
		case $node/$peer in
		"$second/$first") ! fault_active session-down || text+=$'\n  disabled yes;' ;;
		"${nodes[2]:-}/$second") ! fault_active graceful-restart || text+=$'\n  disabled yes;' ;;
		esac
		text+=$'\n}\n'
	done
	if [ "$node" = "$second" ]; then
		big_peers
		text+=$REPLY
	fi
	REPLY=$text
}

# The configuration that BIRD runs with, as the faults that are on call for.
bird_config() {
	local node=$1 source first=${nodes[0]} second=${nodes[1]} block wait=
	local own='' peers_text import='accept;' kernel='' export='' statics='' learn=all

	source_address "$node"
	source=$REPLY
	bird_peers
	peers_text=$REPLY
	own_blocks "$node"
	for block in $REPLY; do
		[[ $block == */32 ]] || statics+="route $block blackhole; "
		own+="${own:+, }$block"
	done
	statics="protocol static { $statics}"
	if [ "$node" = "$first" ]; then
		if fault_active return-route-missing || fault_active rpf-tunnel; then
			node_blocks "$second"
			import="if net ~ [ ${REPLY// /, } ] then reject; accept;"
		fi
		! fault_active block-withdrawn || export="if net ~ [ $own ] then reject; "
	fi
	# What it reflects is not its own.
	[ "$peers/$node" != "reflector/$first" ] || export+="if source = RTS_BGP then accept; "
	[ "$node" != "$second" ] || bird_faults_second
	# What is not resolved yet does not get to the kernel, unlike in Calico: it would flash up
	# at every start.
	if ! { [ "$node" = "$second" ] && fault_active unreachable-route; }; then
		kernel+="if dest = RTD_UNREACHABLE then reject; "
	fi
	! felix_routes_all || kernel+="if net ~ [ $pool+ ] then reject; "
	[ -z "$gr_wait" ] || wait="graceful restart wait $gr_wait;"
	REPLY="log \"$state/log/$node.bird.log\" all;
router id $source;
$wait
filter calico_kernel_programming { ${kernel}accept; }
filter calico_export { ${export}if net ~ [ $own ] then accept; reject; }
filter calico_import { $import }
protocol device { scan time 2; }
protocol direct { interface -\"cali*\", -\"kube-ipvs*\", \"*\"; }
protocol kernel {
  learn;
  persist;
  scan time 2;
  import $learn;
  export filter calico_kernel_programming;
  graceful restart;
  merge paths on;
}
$statics
$bgp_template
  import filter calico_import;
  export filter calico_export;
}
$peers_text"
}

# The router knows the blocks by its peers alone, and routes by them itself.
router_config() {
	local node=router source=$gateway second=${nodes[1]} first=${nodes[0]}

	bird_peers
	REPLY="log \"$state/log/router.bird.log\" all;
router id $gateway;
protocol device { scan time 2; }
protocol direct { interface \"$bridge\"; }
protocol kernel { persist; scan time 2; import none; export where source = RTS_BGP; graceful restart; }
$bgp_template
  import all;
  export where source = RTS_BGP;
}
$REPLY"
}

# The faults that the BIRD of k8s02 alone brings about; the variables are those of bird_config.
# A static route is preferred to one of BGP.
bird_faults_second() {
	local address=${node_ip[$first]} block=${node_block[$first]} route=

	! fault_active blackhole-route || route="route $block blackhole;"
	! fault_active prohibit-route || route="route $block prohibit;"
	[ -z "$route" ] || statics+=$'\n'"protocol static mistaken { $route }"
	# A next hop that leads nowhere: the session, which goes by the kernel's routes, stays up.
	if fault_active unreachable-route; then
		statics+=$'\n'"protocol static unresolvable { route $address/32 unreachable; }"
		kernel="if net = $address/32 then reject; "
	fi
	! fault_active stale-32 || statics+=$'\n'"protocol static forgotten { route $stale_address/32 via $stale_node; }"
	[ ! -e "$state/lent" ] || statics+=$'\n'"protocol static lent { route $stale_address/32 via $address; }"
	! fault_active no-route || kernel+="if net = $block then reject; "
	! fault_active underlay-route || learn="where net != $address/32"
}

# Write the configuration of every node, and tell the BIRDs whose own one changed. With
# "wait" they have read it on return.
bird_configure() {
	local node file old list

	set_bgp_template
	speakers
	list=$REPLY
	for node in $list; do
		if [ "$node" = router ]; then router_config; else bird_config "$node"; fi
		file=$state/bird/$node.conf old=
		[ ! -e "$file" ] || IFS= read -r -d '' old <"$file" || :
		[ "$REPLY" = "$old" ] || bird_reconfigure "$node" "${1:-}"
		# Others' faults may change them, too.
		[ "$node" = router ] || confd_files "$node"
	done
}

# What is in REPLY; the BIRD of NODE reads it when it has to.
bird_reconfigure() {
	write_file "$state/bird/$1.conf"
	process_alive "bird.$1" || return 0
	if [ "$2" = wait ]; then
		"$labtool" bird "${node_ctl[$1]}" configure >/dev/null
	else
		kill -HUP "$REPLY"
	fi
}

# ---- processes ----

# Start PROGRAM in the background under a name. Its start time is kept beside its pid, so
# that no foreign process is ever taken for it.
start_process() {
	local name=$1

	shift
	setsid "$@" </dev/null >>"$state/log/$name.log" 2>&1 &
	record_process "$name" $!
}

record_process() {
	process_start "$2"
	echo "$2 $REPLY" >"$state/pid/$1"
}

# Field 22 of /proc/PID/stat, counted from behind the name, which may hold anything.
process_start() {
	local stat

	REPLY=
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	REPLY=${20}
}

# The pid is in REPLY.
process_alive() {
	local pid start

	[ -e "$state/pid/$1" ] || return 1
	read -r pid start <"$state/pid/$1"
	process_start "$pid"
	[ -n "$start" ] && [ "$REPLY" = "$start" ] && REPLY=$pid
}

# SIGNAL NAME...
stop_processes() {
	local signal=$1 name dead=()

	shift
	for name; do
		if process_alive "$name"; then
			kill "-$signal" "$REPLY" 2>/dev/null || :
			dead+=("dead $REPLY")
		fi
		rm -f "$state/pid/$name"
	done
	[ ${#dead[@]} -eq 0 ] || await "${dead[@]}"
}

# The blocks that are reached by a router, with their nodes: BIRD's next hop for these is the
# router, and the fork's is the node.
bird_remotes() {
	local owner block text=

	if [ "$encap" = crosssubnet ]; then
		for owner in "${nodes[@]}"; do
			tunnelled "$1" "$owner" || continue
			node_blocks "$owner"
			[ "$owner" != "${nodes[0]}" ] || REPLY+=" $new_block"
			for block in $REPLY; do text+="$block=${node_ip[$owner]},"; done
		done
	fi
	REPLY=$text
}

# NODE [-R]
bird_start() {
	local node=$1

	! process_alive "bird.$node" || return 0
	rm -f "${node_ctl[$node]}"
	# It comes with a container that was made anew.
	[ "$node" = router ] || confd_files "$node" new
	# Calico's BIRD runs in the foreground as well.
	bird_remotes "$node"
	LD_PRELOAD=$krt_tunnel KRT_TUNNEL=$tunnel KRT_UNDERLAY=eth0 KRT_POOL=$pool \
		KRT_GATEWAY=${node_gateway[$node]:-} KRT_REMOTE=$REPLY KRT_WRONG=$state/bird/$node.wrong \
		start_process "bird.$node" nsenter --net="/run/netns/${node_ns[$node]:-${prefix}ul}" \
		"$bird" -f -c "$state/bird/$node.conf" -s "${node_ctl[$node]}" "${@:2}"
}

bird_start_all() {
	local node

	speakers
	for node in $REPLY; do
		if [ "$node" = "${nodes[1]}" ] && bird_stopped; then
			continue
		fi
		bird_start "$node"
	done
}

bird_names() {
	speakers
	REPLY=bird.${REPLY// / bird.}
}

# As when a calico-node pod is replaced: routes stay, on this node and on the others.
bird_restart_graceful() {
	stop_processes KILL "bird.$1"
	bird_start "$1" -R
	wait_settled
}

# ---- waiting ----

await() {
	printf '%s\n' "$@" | "$labtool" await "$timeout"
}
