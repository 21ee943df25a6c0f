#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A cluster like Calico's out of network namespaces, with real BIRDs and real faults.
#
#   tools/lab.sh VERB [OPTIONS] [ARGUMENTS]
#
#   up                    build it and start BIRD; does not wait for BGP
#   wait                  until BGP has converged: all routes, all sessions
#   status                what is up, routes and sessions of each node, the faults that are on
#   fault NAME            bring a fault about; returns when it is in force
#   heal [NAME|all]       undo it; returns when that is in force. Without NAME: all
#   faults [-v]           the faults, one a line; -v: which node's tracer has to see it, by which
#                         device, as which verdict, and which traffic shows it
#   can NAME              0 if this kernel and this lab can do a fault or feature; 1 and why not
#   feature NAME|all      add a feature to the healthy lab; it stays until "down"
#   features              the features, one a line
#   traffic [KIND...]     bounded traffic; status 1 if any went unanswered
#   traffics              its kinds, one a line
#   exec NODE|POD CMD...  run a command there
#   pod add|del NODE NAME a pod comes or goes; it is called NODE-NAME
#   big NODES DOWN [ROUTES [PODS]]  k8s02 becomes one of so many nodes, of which DOWN do not
#                         answer; to be looked at, not to be used. It stays until "down"
#   restart NODE          as when calico-node is replaced: BIRD killed, back with a graceful restart
#   env                   the plan as shell assignments
#   down                  remove everything, also after half an up
#
# Which lab (every verb):
#   --prefix X            before the name of each namespace, so that labs can live side by side
#   --state DIR           default /run/calitrace-lab/PREFIX
#   --timeout SECONDS     for anything waited for (90)
#
# What to build (up):
#   --nodes 3  --node-net 10.2.7.0/24  --gateway ADDRESS (the last of it)
#   --pool 10.253.0.0/16  --block 26  --blocks CIDR,CIDR,... (one a node)
#   --encap ipip|vxlan|crosssubnet|none|auto (k8s03 in another subnet; auto: IPIP or VXLAN)
#   --service 10.96.0.10  --upstream silent|reject
#   --iptables iptables-nft|iptables-legacy (the first of these that works)
#   --features LIST|all   see the verb feature; "all" is what this kernel can do
#   --wrong 192.188.1.1/24 (of the incident)  --docker-net 172.31.255.0/24|none
#   --peers mesh|reflector|router (with whom nodes speak BGP: each other, k8s01, the gateway)
#   --routes-by bird|felix (who puts the routes to blocks into the kernel; Felix: protocol 80)
#   --gr-time 8           seconds that peers keep the routes of a BIRD that died
#   --gr-wait SECONDS     that a BIRD waits for its peers after a graceful restart (BIRD's: 240)
#   --no-ipset  --no-confd  --no-cni   leave these out
#
# Traffic: --count N rounds (3) or --seconds N, --interval SECONDS between rounds (0),
# --from POD (p1 of k8s02).
#
# Each option is also an environment variable: LAB_NODE_NET, LAB_NO_IPSET=1, ...; --nodes is
# LAB_NODE_COUNT, so that what "env" prints may be exported.
# Inside "unshare -n -m" the lab is private: its names cannot clash with another's. Needs
# what tools/deps.sh lists, and tools/lab-deps.sh before it is used without network.

set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
here=${BASH_SOURCE[0]%/*}

die() {
	echo "lab.sh: $*" >&2
	exit 2
}

# shellcheck source=tools/lab/plan.sh
. "$here/lab/plan.sh"
# shellcheck source=tools/lab/net.sh
. "$here/lab/net.sh"
# shellcheck source=tools/lab/bird.sh
. "$here/lab/bird.sh"
# shellcheck source=tools/lab/peers.sh
. "$here/lab/peers.sh"
# shellcheck source=tools/lab/confd.sh
. "$here/lab/confd.sh"
# shellcheck source=tools/lab/faults.sh
. "$here/lab/faults.sh"
# shellcheck source=tools/lab/felix.sh
. "$here/lab/felix.sh"
# shellcheck source=tools/lab/audit.sh
. "$here/lab/audit.sh"
# shellcheck source=tools/lab/drops.sh
. "$here/lab/drops.sh"
# shellcheck source=tools/lab/policy.sh
. "$here/lab/policy.sh"
# shellcheck source=tools/lab/services.sh
. "$here/lab/services.sh"
# shellcheck source=tools/lab/can.sh
. "$here/lab/can.sh"
# shellcheck source=tools/lab/features.sh
. "$here/lab/features.sh"
# shellcheck source=tools/lab/big.sh
. "$here/lab/big.sh"
# shellcheck source=tools/lab/traffic.sh
. "$here/lab/traffic.sh"

usage() {
	sed -n '4,/^$/s/^# \{0,1\}//p' "$0"
	exit "$1"
}

# ---- options ----

prefix=${LAB_PREFIX:-} state=${LAB_STATE:-} timeout=${LAB_TIMEOUT:-90}
count=${LAB_NODE_COUNT:-3} node_net=${LAB_NODE_NET:-10.2.7.0/24} gateway=${LAB_GATEWAY:-}
pool=${LAB_POOL:-$incident_pool} block_len=${LAB_BLOCK:-26} block_list=${LAB_BLOCKS:-}
encap=${LAB_ENCAP:-auto} service=${LAB_SERVICE:-10.96.0.10} upstream=${LAB_UPSTREAM:-silent}
wrong=${LAB_WRONG:-192.188.1.1/24} docker_net=${LAB_DOCKER_NET:-172.31.255.0/24}
gr_time=${LAB_GR_TIME:-8} gr_wait=${LAB_GR_WAIT:-} peers=${LAB_PEERS:-mesh}
routes_by=${LAB_ROUTES_BY:-bird}
use_ipset=yes use_confd=yes use_cni=yes
[ -z "${LAB_NO_IPSET:-}" ] || use_ipset=no
[ -z "${LAB_NO_CONFD:-}" ] || use_confd=no
[ -z "${LAB_NO_CNI:-}" ] || use_cni=no
rounds=${LAB_COUNT:-3} seconds=${LAB_SECONDS:-0} from=${LAB_FROM:-}
interval=${LAB_INTERVAL:-0} verbose=short features=${LAB_FEATURES:-}
iptables_wanted=${LAB_IPTABLES:-}

positional=()
while [ $# -gt 0 ]; do
	option=$1
	case $option in
	--prefix | --state | --timeout | --nodes | --node-net | --gateway | --pool | --block | --blocks | \
		--encap | --service | --upstream | --wrong | --docker-net | --gr-time | --gr-wait | --peers | --count | --seconds | --interval | --from | --features | \
		--iptables | --routes-by)
		[ $# -ge 2 ] || die "$option needs a value"
		value=$2
		shift
		;;
	esac
	case $option in
	--prefix) prefix=$value ;;
	--state) state=$value ;;
	--timeout) timeout=$value ;;
	--nodes) count=$value ;;
	--node-net) node_net=$value ;;
	--gateway) gateway=$value ;;
	--pool) pool=$value ;;
	--block) block_len=${value#/} ;;
	--blocks) block_list=$value ;;
	--encap) encap=$value ;;
	--service) service=$value ;;
	--upstream) upstream=$value ;;
	--wrong) wrong=$value ;;
	--docker-net) docker_net=$value ;;
	--gr-time) gr_time=$value ;;
	--gr-wait) gr_wait=$value ;;
	--peers) peers=$value ;;
	--routes-by) routes_by=$value ;;
	--count) rounds=$value ;;
	--seconds) seconds=$value ;;
	--interval) interval=$value ;;
	--features) features=$value ;;
	--iptables) iptables_wanted=$value ;;
	--from) from=$value ;;
	--no-ipset) use_ipset=no ;;
	--no-confd) use_confd=no ;;
	--no-cni) use_cni=no ;;
	-v) verbose=long ;;
	-h | --help) usage 0 ;;
	-*) die "no such option: $option (--help)" ;;
	*)
		positional+=("$option")
		# What exec runs has options of its own.
		if [ "${positional[0]}" = exec ] && [ ${#positional[@]} -eq 2 ]; then
			shift
			positional+=("$@")
			break
		fi
		;;
	esac
	shift
done
[ ${#positional[@]} -gt 0 ] || usage 2 >&2
for value in "$count" "$block_len" "$gr_time" "${gr_wait:-0}" "$timeout" "$rounds" "$seconds"; do
	[[ $value =~ ^[0-9]+$ ]] || die "not a number: $value"
done
[[ $interval =~ ^[0-9]*\.?[0-9]+$ ]] || die "not a number: $interval"
[[ $prefix =~ ^[A-Za-z0-9_.-]*$ ]] || die "no prefix for names: $prefix"
case $encap in ipip | vxlan | crosssubnet | none | auto) ;; *) die "no such encapsulation: $encap" ;; esac
case $upstream in silent | reject) ;; *) die "no such upstream: $upstream" ;; esac
case $routes_by/$peers in
bird/* | felix/mesh) ;;
felix/*) die "Felix' routes are for a mesh here" ;;
*) die "no such owner of routes: $routes_by" ;;
esac
case $peers in
mesh | reflector) ;;
router)
	[ "$encap" != auto ] || encap=none
	[ "$encap" = none ] || die "a router as peer goes without a tunnel"
	;;
*) die "no such peers: $peers" ;;
esac
state=${state:-/run/calitrace-lab/${prefix:-default}}
[[ $state == /* ]] || state=$PWD/$state
[[ $state != *[[:space:]\'\"\\]* ]] || die "a state directory with blanks or quotes: $state"

# ---- verbs ----

# In a mount namespace of our own, names in /run would still be the machine's: put an empty
# file system there, which goes with the namespace.
private_run() {
	local mine machine dir

	mine=$(readlink /proc/self/ns/mnt)
	# Process 1 may have a capability that we lack, and then it is closed to us.
	machine=$(readlink /proc/1/ns/mnt || readlink /proc/2/ns/mnt) || return 0
	[ "$mine" != "$machine" ] || return 0
	for dir in /run/netns /run/calitrace-lab; do
		mkdir -p "$dir"
		# Others' mounts may have been copied with the rest, so any mount there is not enough.
		grep -q " $dir .* - tmpfs calitrace-lab " /proc/self/mountinfo ||
			mount -t tmpfs calitrace-lab "$dir"
	done
}

build() {
	local node pod pid pids=() names name

	mkdir -p "$state"/{tmp,log,pid,bird,faults}
	plan
	first_pods
	names=("${prefix}ul" "${node_ns[@]}" "${pod_ns[@]}")
	for node in "${names[@]}"; do
		[ ! -e "/run/netns/$node" ] || die "there is a network namespace $node already"
	done
	# From here on there is something to remove.
	printf '%s\n' "${names[@]}" >"$state/netns"
	probe
	plan_save
	host_files
	bird_configure
	build_links
	setup_underlay &
	pids+=($!)
	for pod in "${pods[@]}"; do
		setup_pod "$pod" &
		pids+=($!)
	done
	for node in "${nodes[@]}"; do
		setup_node "$node" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || die "could not set up the lab"
	done
	start_dns
	felix_apply
	bird_start_all
	for name in ${features//,/ }; do feature "$name"; done
	: >"$state/up"
}

verb_up() {
	local programs

	[ "$(id -u)" -eq 0 ] || die "only root can build it"
	private_run
	if [ -e "$state/up" ]; then
		die "a lab is up in $state: lab.sh down"
	fi
	programs=$("$here/lab-deps.sh")
	{ read -r bird && read -r labtool && read -r krt_tunnel; } <<<"$programs"
	# The rest of a machine that was switched off, or of an up that was killed.
	remove
	trap '[ -e "$state/up" ] || remove' EXIT
	build
}

# By what was written down, not by the plan: that may never have been finished.
remove() {
	local file ns lines=() names=()

	if [ -d "$state/pid" ]; then
		for file in "$state"/pid/*; do
			[ ! -e "$file" ] || names+=("${file##*/}")
		done
		stop_processes KILL "${names[@]}"
	fi
	if [ -e "$state/netns" ]; then
		while read -r ns; do
			[ ! -e "/run/netns/$ns" ] || lines+=("netns del $ns")
		done <"$state/netns"
		[ ${#lines[@]} -eq 0 ] || printf '%s\n' "${lines[@]}" | ip -force -batch - || :
	fi
	rm -rf "$state"
}

verb_status() {
	local node owner conds up routes sessions list

	faults_active
	echo "state $state, encapsulation $encap by ${tunnel:-no tunnel}, $iptables, ipset $use_ipset, $("$bird" --version 2>&1) ($bird)"
	echo "faults: ${REPLY:-none}"
	for node in "${nodes[@]}"; do
		routes=0 up=dead sessions=-
		for owner in "${nodes[@]}"; do
			[ "$owner" != "$node" ] || continue
			route_healthy "$node" "$owner"
			conds="route /run/netns/${node_ns[$node]} ${node_block[$owner]} $REPLY"
			! "$labtool" await 0 <<<"$conds" 2>/dev/null || routes=$((routes + 1))
		done
		if process_alive "bird.$node"; then
			up=$REPLY
			sessions=$("$labtool" bird "${node_ctl[$node]}" 'show protocols' | grep -c Established || :)
		fi
		peers_of "$node"
		read -r -a list <<<"$REPLY"
		echo "$node ${node_ip[$node]} ${node_block[$node]} bird $up sessions $sessions/${#list[@]} routes $routes/$((count - 1))"
	done
	for node in "${pods[@]}"; do
		echo "$node ${pod_ip[$node]} ${pod_dev[$node]} on ${pod_node[$node]}"
	done
}

verb_exec() {
	local name=$1

	shift
	[ $# -gt 0 ] || die "exec NODE|POD CMD..."
	[ -n "${node_ip[$name]:-}${pod_ip[$name]:-}" ] || [ "$name" = ul ] || die "no such node or pod: $name"
	exec ip netns exec "$prefix$name" "$@"
}

verb=${positional[0]}
set -- "${positional[@]:1}"

case $verb in
faults | features | traffics) ;;
up) ;;
down) labtool=$("$here/lab-deps.sh" labtool) ;;
*) plan_load ;;
esac
case $verb in
up) verb_up ;;
down) remove ;;
faults) faults_list "$verbose" ;;
features) echo "$feature_list" ;;
traffics) echo "$traffic_list" ;;
can) [ $# -eq 1 ] || die "can NAME"; can "$1" ;;
feature) [ $# -eq 1 ] || die "feature NAME|all"; feature "$1" ;;
wait) wait_settled ;;
status) verb_status ;;
env) plan_print ;;
exec) [ $# -gt 1 ] || die "exec NODE|POD CMD..."; verb_exec "$@" ;;
fault) [ $# -eq 1 ] || die "fault NAME"; fault "$1" ;;
heal)
	if [ "${1:-all}" = all ]; then heal_all; else heal "$1"; fi
	wait_settled
	;;
traffic)
	from=${from:-$client_pod}
	traffic "$@"
	;;
big)
	(($# >= 2 && $# <= 4)) || die "big NODES DOWN [ROUTES [PODS]]"
	big "$@"
	;;
restart) [ -n "${node_ip[${1:-}]:-}" ] || die "restart NODE"; bird_restart_graceful "$1" ;;
pod)
	[ $# -eq 3 ] || die "pod add|del NODE NAME"
	case $1 in add | del) "pod_$1" "$2" "$3" ;; *) die "pod add|del NODE NAME" ;; esac
	;;
*) die "no such verb: $verb (--help)" ;;
esac
