#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bring the faults of the table tests/faults/verdicts about, one after the other, and write down
# what the tracers of k8s02 and k8s01 say; tests/faults/judge.sh judges it, maybe elsewhere.
#
#   tests/faults/verdicts.sh DIR before|late|both [FAULT...]
#
# "before":  start - fault - traffic - heal - traffic - stop
# "late":    fault - start - traffic - stop - heal
# "both":    start - fault - traffic - start the late ones - traffic - stop those - heal -
#            traffic - stop
#
# What DIR gets for a fault: FAULT.skip with the reason, or FAULT.MODE.skip for one start, or FAULT.MODE.NODE.{json,err,run},
# FAULT.nodes and FAULT.lab, or FAULT.error with what went wrong; then FAULT.done. "healthy" is one of the
# faults: the lab's mixed traffic with nothing wrong.
#
# With CALITRACE_TEST_VARIANT=NAME the labs have the options that tests/faults/variants gives it.
# With CALITRACE_TEST_CAPTURE=1 the tracers record what they see: FAULT.MODE.NODE.pcapng.
#
# Most of the time is waiting for what does not come, so CALITRACE_TEST_JOBS labs work side by
# side. Without a list of faults: all, and "healthy".

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

[ $# -ge 2 ] || { sed -n '7p' "$0" >&2 && exit 2; }
out=$1 modes=$2
shift 2
case $modes in before | late) ;; both) modes='before late' ;; *) echo "no such start: $modes" >&2 && exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd -P)
base=icmp:pod:dns,dns:pod:dns,dns:pod:svc,icmp:host:dns,dns:host:svc,icmp:pod:far
seconds=${CALITRACE_TEST_HEALTHY:-30}
mkdir -p "$out"
out=$(cd "$out" && pwd -P)

# ---- the table, as far as it says what to do ----

declare -A words=() hit_at=()
table=()
read_table() {
	local line name rest

	while read -r line name rest; do
		case $line in
		fault)
			words[$name]=$rest hit_at[$name]=k8s02
			table+=("$name")
			;;
		hit) hit_at[${table[-1]}]+=" $name" ;;
		esac
	done <"$here/verdicts"
}

# The options of the variant, and which faults are its own
variant_options=() variant_as=-
read_variant() {
	local name as options

	[ -n "${CALITRACE_TEST_VARIANT:-}" ] || return 0
	while read -r name as options; do
		[ "$name" = "$CALITRACE_TEST_VARIANT" ] || continue
		variant_as=$as
		read -r -a variant_options <<<"$options"
		return
	done <"$here/variants"
	echo "no such variant: $CALITRACE_TEST_VARIANT" >&2
	return 1
}

# The start of a tracer is the dearest part in an emulated machine: there only nodes that the
# fault hits have one.
choose_nodes() {
	nodes=(k8s01 k8s02)
	[ -z "${CALITRACE_TEST_VM:-}" ] || [ "$fault" = healthy ] || [[ ${hit_at[$fault]} == *k8s01* ]] || nodes=(k8s02)
	echo "${nodes[*]}" >"$out/$fault.nodes"
}

# word NAME DEFAULT: of the fault that is being run
word() {
	local w

	REPLY=$2
	for w in ${words[$fault]:-}; do
		[ "${w%%=*}" != "$1" ] || REPLY=${w#*=}
	done
}

# ---- traffic ----

target_of() {
	case $1 in
	dns) REPLY=$POD_IP_k8s01_coredns ;;
	svc) REPLY=$LAB_SERVICE ;;
	far) REPLY=$POD_IP_k8s03_p1 ;;
	node) REPLY=$NODE_IP_k8s02 ;;
	dead-remote) REPLY=$DEAD_REMOTE ;;
	dead-local) REPLY=$DEAD_LOCAL ;;
	stale) REPLY=$LAB_STALE_ADDRESS ;;
	client) REPLY=$POD_IP_k8s02_p1 ;;
	*) echo "no such target: $1" >&2 && return 1 ;;
	esac
}

query() { in_netns "$1" dig +tries=1 "@$2" "${@:3}" kubernetes.default.svc.cluster.local; }
echo_request() { in_netns "$1" ping -n -q -c 2 -i 0.3 -W 1 "${@:3}" "$2"; }

# The lab's own kinds of traffic know how to make what ping and dig cannot.
send() {
	local app who target ns

	IFS=: read -r app who target <<<"$1"
	target_of "$target"
	target=$REPLY
	case $who in
	pod) ns=$POD_NETNS_k8s02_p1 ;;
	p2) ns=$POD_NETNS_k8s02_p2 ;;
	dnspod) ns=$POD_NETNS_k8s01_coredns ;;
	borrower) ns=$POD_NETNS_k8s01_p1 ;;
	host) ns=$NODE_NETNS_k8s02 ;;
	*) echo "nobody is called $who" >&2 && return 1 ;;
	esac
	case $app in
	icmp) echo_request "$ns" "$target" ;;
	dns) query "$ns" "$target" +time=1 ;;
	dnst) query "$ns" "$target" +time=1 +tcp ;;
	slow) query "$ns" "$target" +time=5 ;;
	big)
		# The sender remembers what it has been told of the path.
		ip -n "$ns" route flush cache
		echo_request "$ns" "$target" -M "do" -s 1200
		;;
	martian) echo_request "$ns" "$target" -I "$NODE_IP_k8s02" ;;
	spoof) echo_request "$ns" "$target" -I "$DEAD_REMOTE" ;;
	lent) echo_request "$ns" "$target" -I "$LAB_STALE_ADDRESS" ;;
	port) query "$ns" "$target" +time=1 -b "0.0.0.0#40053" ;;
	uplink) lab traffic uplink-down --count 1 ;;
	*) echo "no such traffic: $1" >&2 && return 1 ;;
	esac
}

# ATOM,ATOM,...: all at once, as most of it waits for answers that do not come
traffic() {
	local atom pids=()

	for atom in ${1//,/ }; do
		send "$atom" >&2 &
		pids+=($!)
	done
	wait "${pids[@]}" || :
}

plain() {
	local atom list=''

	for atom in ${1//,/ }; do
		case $atom in big:* | martian:* | slow:* | spoof:* | lent:* | port:* | uplink:*) ;; *) list+=,$atom ;; esac
	done
	REPLY=${list#,}
}

# round PHASE ATOMS
round() {
	phases+=("{\"name\":\"$1\",\"from\":\"$(now_ts)\"}")
	traffic "$2"
}

# ---- tracers ----

start() {
	local node record

	for node in "${nodes[@]}"; do
		record=()
		[ -z "${CALITRACE_TEST_CAPTURE:-}" ] || record=(-w "$out/$fault.$1.$node.pcapng" --force)
		live "$fault.$1.$node" "$node" --all -o json "${record[@]}"
	done
	for node in "${nodes[@]}"; do
		tracer_wait "$fault.$1.$node" >&2
	done
}

# stop MODE [ROUNDS]: that many rounds were before its start
stop() {
	local node list

	for node in "${nodes[@]}"; do
		kill -INT "${tracer_pid[$fault.$1.$node]}" 2>/dev/null || :
	done
	for node in "${nodes[@]}"; do
		tracer_join "$fault.$1.$node"
		list=$(IFS=, && echo "${phases[*]:${2:-0}}")
		cat >"$out/$fault.$1.$node.run" <<-END
			{"fault":"$fault","node":"$node","mode":"$1","kernel":"$kernel",
			"status":${tracer_status[$fault.$1.$node]},"phases":[$list]}
		END
	done
}

# ---- one fault ----

settle() {
	word settle 2.3
	sleep "$REPLY"
}

run_fault() {
	local atoms healed ripe before=''

	word traffic base
	atoms=${REPLY//base/$base}
	word healed ''
	healed=${REPLY//base/$base}
	if [ -z "$healed" ]; then
		plain "$atoms"
		healed=$REPLY
	fi
	phases=()
	[[ $modes != *before* ]] || start before
	lab fault "${fault%@*}" >&2
	[[ $modes != *before* ]] || before=1
	[ -z "$before" ] || round broken "$atoms"
	word ripe 0
	ripe=$REPLY
	sleep "$ripe"
	if [[ $modes == *late* ]]; then
		# What is still on its way would be the late tracer's too.
		[ -z "$before" ] || settle
		start late
		round broken "$atoms"
		settle
		stop late ${before:-0}
	else
		# What is found out later needs losses of that time.
		[ "$ripe" = 0 ] || round broken "$atoms"
		settle
	fi
	lab heal >&2
	[ -n "$before" ] || return 0
	round healed "$healed"
	sleep 0.5
	stop before
}

run_healthy() {
	local mode feature kinds=(mixed)

	while read -r feature _; do
		[ -n "$feature" ] || continue
		kinds=(mixed features)
		if lab can "$feature" >&2; then lab feature "$feature" >&2; fi
	done <<<"$(lab features)"
	# There is nothing to be late for.
	for mode in ${modes%% *}; do
		phases=("{\"name\":\"healthy\",\"from\":\"$(now_ts)\"}")
		start "$mode"
		lab traffic "${kinds[@]}" --seconds "$seconds" >"$out/healthy.$mode.traffic" 2>&1 || :
		sleep 2.6
		stop "$mode"
	done
}

# usual_lab_has NAME: no need of that fault speaks against the usual lab
usual_lab_has() {
	local need=" ${words[$1]} "

	[[ $need == *' needs='* ]] || return 0
	need=${need##* needs=}
	[[ ,${need%% *}, == *,$auto_encap,* ]]
}

# elsewhere: why this fault is none for this kernel at all, or nothing
elsewhere() {
	local encap=${fault#*@}

	[[ $fault == *@* ]] || encap=''
	[ "$encap" != "$variant_as" ] || return 0
	word needs ''
	if [ -n "$encap" ] && [ "$encap" = "$auto_encap" ] && usual_lab_has "${fault%@*}"; then
		echo "as ${fault%@*}: the usual lab on this kernel has $encap"
	elif [ "$encap" = ipip ]; then
		echo "this kernel has no ipip"
	elif [[ $encap == block32 || $encap == no-ipset || $encap == reflector ]]; then
		echo "of a lab of its own: tests/matrix --variant $encap"
	elif [ -z "$encap" ] && [ -n "$REPLY" ] && [[ ,$REPLY, != *,$auto_encap,* ]]; then
		echo "happens with $REPLY only${words[$fault@$REPLY]+: see $fault@$REPLY}"
	fi
}

# cannot: why this lab cannot do it, or nothing
cannot() {
	local said

	[ "$fault" != healthy ] || return 0
	# An unknown fault is none that the lab cannot do.
	[[ $'\n'$lab_faults == *$'\n'"${fault%@*} "* ]] || {
		echo "the lab has no such fault" >&2
		return 1
	}
	said=$(lab can "${fault%@*}" 2>&1) || {
		said=${said##*$'\n'}
		echo "${said#lab.sh: }"
	}
}

# Writing through to the host costs an emulated machine more than the tracer may take.
publish() {
	[ -z "${CALITRACE_TEST_SHARE:-}" ] || cp "$out/$fault".* "$CALITRACE_TEST_SHARE/"
	[ -z "${CALITRACE_TEST_SHARE:-}" ] || : >"$CALITRACE_TEST_SHARE/$fault.done"
}

# ---- labs ----

# What the lab takes for "auto"
usual_encap() {
	modprobe -q ipip 2>/dev/null || :
	local i

	auto_encap=vxlan
	for ((i = 0; i < ${#variant_options[@]}; i++)); do
		if [ "${variant_options[i]}" = --encap ]; then
			auto_encap=${variant_options[i + 1]}
			return
		fi
	done
	! unshare -n ip link add name t type ipip local 127.0.0.2 remote 127.0.0.3 2>/dev/null || auto_encap=ipip
}

# The lab that the fault needs; a worker keeps its own as long as the next one fits.
use_lab() {
	local encap=auto options

	[[ $fault != *@* ]] || encap=${fault#*@}
	[ "$encap" != "$variant_as" ] || encap=auto
	[ "$encap" != "$lab_encap" ] || return 0
	[ -z "$lab_encap" ] || lab down >&2
	lab_encap=$encap
	case $encap in
	felix) options=(--routes-by felix) ;;
	auto) options=() ;;
	*) options=(--encap "$encap") ;;
	esac
	lab_up "${CALITRACE_TEST_PREFIX:-t$$-}$worker$encap-" "${variant_options[@]}" "${options[@]}"
}

# Is this start possible, without TCX, where the tracer's own filter is in the chain?
skip_starts() {
	word late ''
	[ "$REPLY" = clsact ] && [ -z "$has_tcx" ] && [[ $modes == *before* ]] || return 0
	echo "without TCX the tracer's own filter has that priority already" >"$out/$fault.before.skip"
	modes=${modes//before/}
	modes=${modes# }
}

attempt() {
	local why begin=${EPOCHREALTIME/./} modes=$modes

	# What this kernel cannot do needs no lab.
	why=$(elsewhere)
	if [ -z "$why" ]; then
		use_lab
		why=$(cannot)
	fi
	skip_starts
	if [ -n "$why" ]; then
		echo "$why" >"$out/$fault.skip"
	elif [ -n "$modes" ]; then
		cp "$lab_file" "$out/$fault.lab"
		choose_nodes
		if [ "$fault" = healthy ]; then
			run_healthy
			# What features have changed, routing rules among it, is not for the next fault.
			lab down >&2
			lab_encap=''
		else
			run_fault
		fi
	fi
	echo $(((${EPOCHREALTIME/./} - begin) / 1000000)) >"$out/$fault.seconds"
}

# The next of the queue, each to one worker only
take() {
	local list lock

	exec {lock}>>"$out/queue.lock"
	flock "$lock"
	mapfile -t list <"$out/queue"
	fault=${list[0]:-}
	printf '%s\n' "${list[@]:1}" >"$out/queue"
	exec {lock}>&-
	[ -n "$fault" ]
}

# Until the queue is empty or something fails, which takes this lab along
session() {
	lab_encap=''
	while take; do
		rm -f "$out/$fault".*
		echo "$fault" >"$out/at.$worker"
		echo "== $worker $fault" >&2
		attempt 2>"$out/$fault.log"
		: >"$out/$fault.done"
		publish
		rm "$out/at.$worker"
	done
}

# work NUMBER: a fault that fails says so, and the next one starts from a healthy lab
work() {
	worker=$1 lab_file=$out/lab.$1
	while grep -q . "$out/queue"; do
		session &
		trap 'kill $!; wait; exit 143' TERM
		wait $! || :
		[ -e "$out/at.$worker" ] || continue
		fault=$(<"$out/at.$worker")
		rm "$out/at.$worker"
		tail -n 4 "$out/$fault.log" >"$out/$fault.error"
		: >"$out/$fault.done"
		publish
	done
}

read_table
read_variant
usual_encap
has_tcx=$("$calitrace" doctor -o json 2>/dev/null | jq -r 'select(.name == "tcx" and .explain == "available") | .name')
kernel=$(uname -r)
lab_faults=$("$lab_sh" faults)
[ -z "${CALITRACE_TEST_SHARE:-}" ] || mkdir -p "$CALITRACE_TEST_SHARE"
if [ $# -eq 0 ]; then
	set -- healthy "${table[@]}"
fi
for name; do
	[ "$name" = healthy ] || [ -n "${words[$name]+there}" ] || { echo "not in the table: $name" >&2 && exit 2; }
done
# Those of one lab stand together; the long one goes first.
{
	printf '%s\n' "$@" | grep -v @ || :
	printf '%s\n' "$@" | grep @ | sort -s -t @ -k 2 || :
} >"$out/queue"
workers=()
trap 'kill "${workers[@]}" 2>/dev/null; wait; exit 143' INT TERM HUP
jobs=3
[ -z "${CALITRACE_TEST_VM:-}" ] || jobs=2
for ((i = 1; i <= ${CALITRACE_TEST_JOBS:-$jobs}; i++)); do
	work "$i" &
	workers+=($!)
done
wait "${workers[@]}"
