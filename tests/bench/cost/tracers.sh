# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# Who is measured: tracer_NAME sets
#
#   command     what is run, in node1's network namespace
#   ready       what it prints once it traces; empty: it does not say, so it is given two seconds
#   seen lost withheld   sed -E expressions: what it prints of these at the end; empty: it does not tell
#   needs       a program that has to be there
#
# and is called with $calitrace, $programs, $here, $dir, $tunnel, $devices and $ifs in place.

tracer_defaults() {
	command=() ready='' seen='' lost='' withheld='' needs=''
}

# "6000 packets seen, 0 problems, 0 events lost, 0 withheld"
ours() {
	command=("$calitrace" "$@" --pool "198.18.0.0/15=$tunnel" --host-root "$dir/host")
	ready='calitrace: tracing'
	seen='s/.* ([0-9]+) packets seen,.*/\1/p'
	lost='s/.* ([0-9]+) events lost.*/\1/p'
	withheld='s/.* ([0-9]+) withheld.*/\1/p'
}
tracer_calitrace() { ours live; }
tracer_calitrace_all() { ours live --all; }
tracer_calitrace_json() { ours live -o json; }
tracer_calitrace_capture() {
	rm -f "$dir/capture.pcapng"
	ours capture -w "$dir/capture.pcapng"
}
# It hangs: what its programs cost that nobody listens to
tracer_calitrace_stopped() {
	ours live
	command=("$here/../../trust/stopped.sh" "${command[@]}") ready=stopped
}

floor() {
	local kind=clsact

	[ "$(printf '%s\n' 6.6 "$(uname -r)" | sort -V | head -n 1)" != 6.6 ] || kind=tcx
	command=("$programs/floor" "$here/floor.bpf.o" "$1" "$kind" "${devices[@]}")
	[ -e "$here/floor.bpf.o" ] || command[1]=$programs/floor.bpf.o
	ready=ready
	seen='s/^seen=([0-9]+).*/\1/p' lost='s/.*lost=([0-9]+)$/\1/p'
}
tracer_floor_empty() { floor empty; }
tracer_floor_filter() { floor filter; }
tracer_floor_record() { floor record; }

# All that it sees of what calitrace records by default
wanted='port 53 or icmp or tcp[tcpflags] & (tcp-syn|tcp-rst) != 0'
tcpdump_as() {
	command=(tcpdump -Z root -i any -n "$@" "$wanted") needs=tcpdump ready='listening on'
	seen='s/^([0-9]+) packets? captured.*/\1/p'
	lost='s/^([0-9]+) packets? dropped by kernel.*/\1/p'
}
tracer_tcpdump() { tcpdump_as -w /dev/null; }
tracer_tcpdump_text() { tcpdump_as -l; }

# It counts what it lost by lines "Lost N events", which are added up.
tracer_bpftrace() {
	command=(bpftrace "$here/peer.bt") needs=bpftrace ready=tracing
	seen='lines:^(recv|xmit|drop|fib) ' lost='s/^Lost ([0-9]+) events$/\1/p'
}

# Those two tracepoints, as far as perf can filter
tracer_perf() {
	command=(perf record -q -a -o "$dir/perf.data"
		-e skb:kfree_skb --filter 'protocol == 2048'
		-e fib:fib_table_lookup --filter 'dport == 53 || sport == 53 || proto == 1')
	needs=perf
}

tracer_nettrace() {
	command=(nettrace -p udp -P 53) needs=nettrace
}
tracer_nettrace_drop() {
	command=(nettrace --drop) needs=nettrace
}
# All functions that take a packet, and only those that a forwarded one meets in any case
pwru_as() { command=(pwru --output-tuple "$@" 'port 53 or icmp') needs=pwru ready='Listening for events'; }
tracer_pwru() { pwru_as; }
tracer_pwru_few() { pwru_as --filter-func '^(ip_rcv|ip_forward|ip_output|ip_finish_output|kfree_skb_reason|ip_local_deliver)$'; }

tracers_known() { declare -F | sed -n 's/^declare -f tracer_//p' | grep -v '^defaults$' | tr _ -; }
