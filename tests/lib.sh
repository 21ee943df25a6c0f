# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the shell tests share: how a result is told, a tracer in the background, a lab of
# one's own. A test says what came out on standard output, one line each:
#
#   ok NAME
#   FAIL NAME: what was expected and what was seen
#   skip NAME: why
#
# tests/run counts these lines; everything else belongs to standard error, which it keeps
# as the test's log.

# shellcheck disable=SC2034,SC2154 # some are for the tests; $out is theirs, the plan is of lab.sh env
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
calitrace=${CALITRACE_TEST_PROGRAM:-$root/calitrace}
lab_sh=$root/tools/lab.sh

ok() { echo "ok $1"; }
fail() { echo "FAIL $1: ${2//$'\n'/; }"; }
# shellcheck disable=SC2317 # not every test has to
skip() { echo "skip $1: $2"; }

# check NAME COMMAND...: COMMAND is successful and says nothing on standard output, or what is wrong
check() {
	local name=$1 said

	shift
	if said=$("$@") && [ -z "$said" ]; then
		ok "$name"
	else
		fail "$name" "${said:-$* failed}"
	fi
}

# figured NAME FIGURE COMMAND...: as check, with the figure that COMMAND wrote to $out/FIGURE.measured
figured() {
	local name=$1 figure=$2 said

	shift 2
	said=$("$@")
	if [ -z "$said" ]; then
		ok "$name ($(cat "$out/$figure.measured"))"
	else
		fail "$name" "$said"
	fi
}

# described FILE...: each key of these JSON lines is in the manual page
described() {
	"$root/tests/keys.sh" "$@" | sed "s/^/expected the manual page to describe /"
}

# The format of the tool's own "ts", so that both can be compared as text.
now_ts() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }

# within SECONDS COMMAND...: until COMMAND succeeds, and a failure if it does not in time
within() {
	local limit=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < limit)) || return 1
		sleep 0.05
	done
}

# Emulation is slower by a factor of ten; deadlines only have to tell slow from never.
patience=20 first=()
# There the tracer goes first: one that does not get the processor for 2 s takes itself out of
# the packets' way, and says so.
[ -z "${CALITRACE_TEST_VM:-}" ] || { patience=120 && first=(nice -n -15); }

# begin LABEL DIR: where what is found goes; there is a root that a tracer may take for the node's
begin() {
	label=$1
	mkdir -p "$2/root"
	out=$(cd "$2" && pwd -P)
	export PATH=$PATH:/usr/sbin:/sbin
	patience=${CALITRACE_TEST_PATIENCE:-$patience}
}

# a_node NAME: namespaces of that prefix are the test's own, and its node_down is done when it ends
a_node() {
	prefix=${CALITRACE_TEST_PREFIX:-t$$-}$1-
	node=${prefix}n
	trap 'tracers_kill; node_down' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

declare -A tracer_pid=() tracer_status=()

tracing() { grep -q '^calitrace: tracing' "$1" 2>/dev/null; }

# tracer_run NAME ARGUMENT...: calitrace in the background, its output in $out/NAME.{json,err}
tracer_run() {
	local name=$1

	shift
	# The new one is made by the child: nobody may take the old one for it.
	rm -f "$out/$name.json" "$out/$name.err"
	"${first[@]}" "$calitrace" "$@" >"$out/$name.json" 2>"$out/$name.err" </dev/null &
	tracer_pid[$name]=$!
}

# held NAME: what a tracer has in the kernel, "prog 12" a line
held() {
	cat "/proc/${tracer_pid[$1]}"/fdinfo/* 2>/dev/null |
		awk '$1 ~ /^(prog|map|link)_id:$/ { sub("_id:", "", $1); print $1, $2 }' | sort -u
}

present() {
	local kind id

	while read -r kind id; do
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || echo "$kind $id"
	done
}

# all_gone FILE of such lines. The kernel frees them a little after their last user is gone.
all_gone() { [ -z "$(present <"$1")" ]; }

# It may also end before it says so, with an error.
tracer_ready() { tracing "$out/$1.err" || ! kill -0 "${tracer_pid[$1]}" 2>/dev/null; }

tracer_wait() {
	if ! within "$patience" tracer_ready "$1" || ! tracing "$out/$1.err"; then
		echo "expected $1 to trace within $patience s, saw '$(tail -n 3 "$out/$1.err")'"
		# Where it hangs, if it does
		cat "/proc/${tracer_pid[$1]}/stack" >&2 2>/dev/null || :
		return 1
	fi
}

tracer_gone() { ! kill -0 "$1" 2>/dev/null; }

# tracer_stop NAME [SIGNAL]: its exit status goes to tracer_status, 255 if it did not end
tracer_stop() {
	local name=$1 pid=${tracer_pid[$1]}

	kill "-${2:-INT}" "$pid" 2>/dev/null || :
	tracer_join "$name"
}

tracer_join() {
	local name=$1 pid=${tracer_pid[$1]}

	if within "$patience" tracer_gone "$pid"; then
		tracer_status[$name]=0
		wait "$pid" 2>/dev/null || tracer_status[$name]=$?
	else
		echo "$name is still there after $patience s" >&2
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		tracer_status[$name]=255
	fi
	unset "tracer_pid[$name]"
}

tracers_kill() {
	local name

	for name in "${!tracer_pid[@]}"; do
		kill -KILL "${tracer_pid[$name]}" 2>/dev/null || :
	done
}

# ---- judges that have to refuse ----

# bent NAME TRACE BEND [PRELUDE]: TRACE of $dir, put in order by PRELUDE and bent by BEND (both jq),
# has to be complained of; the caller's "complaints TRACE" judges what it reads.
bent() {
	local name=$1 trace=$2 bend=$3 prelude=${4:-.} records said

	if [ ! -e "$dir/$trace.run" ]; then
		fail "$name" "expected a trace of $trace, saw none"
	elif ! records=$(jq -s "$prelude | $bend" "$dir/$trace.json" 2>&1); then
		fail "$name" "expected a trace to bend, saw $records"
	elif [ "$records" = "$(jq -s "$prelude" "$dir/$trace.json")" ]; then
		fail "$name" "expected a trace that is bent, saw the same"
	elif ! said=$(complaints "$trace" <<<"$records" 2>&1) || [ -z "$said" ]; then
		fail "$name" "expected a complaint, saw '$said'"
	else
		ok "$name"
	fi
}

# ---- a lab ----

lab() { "$lab_sh" --prefix "$lab_prefix" "$@"; }

# lab_up PREFIX OPTION...: its plan in variables (see lab.sh env) and in $out/lab.json, or
# $lab_file; it goes when the test ends.
lab_up() {
	lab_prefix=$1
	shift
	trap 'tracers_kill; lab down >&2 || :' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab up "$@" >&2
	lab wait >&2
	lab_env
	lab_json >"${lab_file:-$out/lab.json}"
}

lab_env() {
	local line

	eval "$(lab env)"
	# The same by node, for loops
	declare -gA node_ns=() node_root=()
	for line in $LAB_NODES; do
		local ns=NODE_NETNS_$line dir=NODE_ROOT_$line
		node_ns[$line]=${!ns}
		node_root[$line]=${!dir}
	done
}

# By hand, as jq costs a second in an emulated machine. No value here needs to be quoted.
lab_json() {
	local node key block sep='' blocks='' ips='' tunnels='' inums=''

	for node in $LAB_NODES; do
		key=NODE_BLOCK_$node
		blocks+="$sep\"$node\":\"${!key}\""
		# Of one address each, there are several; the first is the node's above.
		key=NODE_BLOCKS_$node
		for block in ${!key#* }; do
			[ "$block" = "${!key}" ] || blocks+=",\"$node $block\":\"$block\""
		done
		key=NODE_IP_$node
		ips+="$sep\"$node\":\"${!key}\""
		key=NODE_TUNNEL_IP_$node
		tunnels+="$sep\"$node\":\"${!key}\""
		inums+="$sep\"$node\":$(stat -L -c %i "/run/netns/${node_ns[$node]}")"
		sep=,
	done
	cat <<-END
		{"pool":"$LAB_POOL","encap":"$LAB_ENCAP","tunnel":"$LAB_TUNNEL","service":"$LAB_SERVICE",
		"gateway":"$LAB_GATEWAY","block":{$blocks},"ip":{$ips},"tunnel_ip":{$tunnels},
		"client":"$POD_IP_k8s02_p1","client_dev":"$POD_DEV_k8s02_p1",
		"dns_dev":"$POD_DEV_k8s01_coredns","wrong":"$LAB_WRONG_ADDRESS","netns":{$inums},
		"p2":"$POD_IP_k8s02_p2","p2_dev":"$POD_DEV_k8s02_p2",
		"target":{"dns":"$POD_IP_k8s01_coredns","far":"$POD_IP_k8s03_p1",
		"dead-remote":"$DEAD_REMOTE","dead-local":"$DEAD_LOCAL",
		"stale":"${LAB_STALE_ADDRESS:-}"}}
	END
}

in_netns() { nsenter --net="/run/netns/$1" "${@:2}"; }

# live NAME NODE OPTION...: trace that node of the lab
live() {
	local name=$1 node=$2

	shift 2
	tracer_run "$name" live --netns "${node_ns[$node]}" --host-root "${node_root[$node]}" "$@"
}
