#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rights: exactly three capabilities are enough, each that is missing is named in one line, what is
# not needed is gone while tracing, and a program that is traced has all that the caller has.
# tests/cli/privileges.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out/root"
out=$(cd "$out" && pwd -P)
export PATH=$PATH:/usr/sbin:/sbin
node=${CALITRACE_TEST_PREFIX:-t$$-}priv
# where a user without rights may run it
program=$(mktemp -d /tmp/calitrace-priv.XXXXXX)
trap 'tracers_kill; ip netns del "$node" 2>/dev/null || :; rm -rf "$program"' EXIT
cp "$calitrace" "$program/calitrace"
mkdir "$program/root"
chmod 755 "$program" "$program/calitrace" "$program/root"
ip netns add "$node"
ip -n "$node" link add cali0 type veth peer name p0
ip -n "$node" link set cali0 up
ip -n "$node" link set p0 up

# with CAPS COMMAND...: as a user without rights but for these, "" or "+bpf,+perfmon", in the node
with() {
	local caps=-all${1:+,$1}

	shift
	ip netns exec "$node" setpriv --reuid 65534 --clear-groups --inh-caps "$caps" --ambient-caps "$caps" \
		--bounding-set "$caps" "$program/calitrace" "$@" --host-root "$program/root"
}
pool=(--pool 10.99.0.0/16=none)

test_exactly() {
	local status=0

	with +bpf,+perfmon,+net_admin live -d 1 "${pool[@]}" >"$out/exactly.out" 2>"$out/exactly.err" || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status: $(tail -n 1 "$out/exactly.err")"
	grep -q '^calitrace: tracing 1 interfaces' "$out/exactly.err" || echo "expected it to trace, saw $(tail -n 1 "$out/exactly.err")"
}

# test_without CAPS NAMES: exit status 2, and one line that names them
test_without() {
	local status=0 said

	said=$(with "$1" live -d 1 2>&1 >/dev/null) || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	[ "$said" = "calitrace: not enough privileges: $2 missing; run as root" ] || echo "expected one line with $2, saw $said"
}

test_netns() {
	local status=0 said

	said=$(capsh --drop=cap_sys_admin -- -c "'$calitrace' live -d 1 --netns $node" 2>&1 >/dev/null) || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	[[ $said == *"needs CAP_SYS_ADMIN"* ]] || echo "expected CAP_SYS_ADMIN, saw $said"
}

test_check() {
	local status=0 said

	said=$(with "" check "${pool[@]}" 2>&1 >/dev/null) || status=$?
	[ $status -lt 2 ] || [ $status -eq 3 ] || echo "expected an audit, saw exit status $status"
	[[ $said == *"CAP_NET_ADMIN is missing"* ]] || echo "expected CAP_NET_ADMIN to be named, saw $said"
	said=$(with +bpf,+perfmon,+net_admin doctor 2>&1) || :
	grep -q '^warn *rights *without CAP_SYSLOG, CAP_SYS_PTRACE, CAP_SYS_ADMIN' <<<"$said" ||
		echo "expected doctor to name the rights that sources lack, saw $(grep rights <<<"$said")"
}

# field PID NAME: of its status, all threads'
field() { sed -n "s/^$2:[[:space:]]*//p" /proc/"$1"/task/*/status | sort -u | paste -sd' ' -; }

# The three and what is raised now and then, of what the caller has: by bits of capabilities(7)
test_while() {
	local pid mine want effective

	tracer_run while live --netns "$node" --host-root "$out/root" "${pool[@]}"
	tracer_wait while
	pid=${tracer_pid[while]}
	mine=$((16#$(field $$ CapPrm)))
	# DAC_OVERRIDE 1, NET_ADMIN 12, SYS_PTRACE 19, SYS_ADMIN 21, SYSLOG 34, PERFMON 38, BPF 39
	want=$(printf '%016x' $((mine & (1 << 1 | 1 << 12 | 1 << 19 | 1 << 21 | 1 << 34 | 1 << 38 | 1 << 39))))
	effective=$(printf '%016x' $((1 << 12 | 1 << 38 | 1 << 39)))
	[ "$(field "$pid" CapBnd)" = 0000000000000000 ] || echo "expected an empty bounding set, saw $(field "$pid" CapBnd)"
	[ "$(field "$pid" CapAmb)" = 0000000000000000 ] || echo "expected no ambient ones, saw $(field "$pid" CapAmb)"
	[ "$(field "$pid" NoNewPrivs)" = 1 ] || echo "expected no_new_privs, saw $(field "$pid" NoNewPrivs)"
	[ "$(field "$pid" Seccomp)" = 2 ] || echo "expected a seccomp filter, saw $(field "$pid" Seccomp)"
	# the thread of the heartbeat has none
	[ "$(field "$pid" CapPrm)" = "0000000000000000 $want" ] || echo "expected $want, saw $(field "$pid" CapPrm)"
	[ "$(field "$pid" CapEff)" = "0000000000000000 $effective" ] || echo "expected in effect $effective, saw $(field "$pid" CapEff)"
	# a pod that comes now is traced all the same
	ip -n "$node" link add cali1 type veth peer name p1
	ip -n "$node" link set cali1 up
	if ip netns exec "$node" bpftool -j net show 2>/dev/null | grep -q tcx; then
		within 5 traced cali1 || echo "expected the device that came later to be traced"
	fi
	tracer_stop while
	[ "${tracer_status[while]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[while]}"
}
# shellcheck disable=SC2317 # by within
traced() { ip netns exec "$node" bpftool -j net show | grep -q "\"devname\":\"$1\""; }

test_program() {
	local name

	"$calitrace" live --netns "$node" --host-root "$out/root" "${pool[@]}" -o json -- \
		sh -c 'cat /proc/self/status; readlink /proc/self/ns/net' >/dev/null 2>"$out/program" || :
	for name in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
		[ "$(sed -n "s/^$name:[[:space:]]*//p" "$out/program")" = "$(field $$ $name)" ] ||
			echo "expected the caller's $name $(field $$ $name), saw $(grep "^$name" "$out/program")"
	done
	grep -qxF "$(readlink /proc/self/ns/net)" "$out/program" || echo "expected the caller's namespace"
}

# In a directory that only its owner may write to, who is not root: also when the next file is begun
test_foreign_dir() {
	local status=0

	rm -rf "$out/theirs"
	mkdir -m 700 "$out/theirs"
	chown 65534 "$out/theirs"
	"$calitrace" capture --netns "$node" --host-root "$out/root" "${pool[@]}" -d 1 -w "$out/theirs/x.pcapng" \
		2>"$out/theirs.err" || status=$?
	"$calitrace" capture --netns "$node" --host-root "$out/root" "${pool[@]}" -d 1 --force -w "$out/theirs/x.pcapng" \
		2>>"$out/theirs.err" || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status: $(tail -n 1 "$out/theirs.err")"
	"$calitrace" show "$out/theirs/x.pcapng" >/dev/null 2>&1 || echo "expected a whole file"
}

# After the filter is in force nothing is refused that it tries, and no file is opened for writing.
test_sandbox() {
	command -v strace >/dev/null || { echo "expected strace" && return; }
	"$calitrace" capture -d 0 --netns "$node" --host-root "$out/root" -w - "${pool[@]}" >"$out/s.pcapng" 2>/dev/null
	strace -f -o "$out/strace" "$calitrace" report "$out/s.pcapng" --force -w "$out/s.html" 2>/dev/null || echo "expected a page"
	sed -n '/SECCOMP_SET_MODE_FILTER/,$p' "$out/strace" >"$out/strace.in"
	[ -s "$out/strace.in" ] || echo "expected a seccomp filter"
	! grep EPERM "$out/strace.in" || echo "(expected nothing to be refused)"
	! grep -E 'openat\(.*(O_WRONLY|O_RDWR|O_CREAT)' "$out/strace.in" || echo "(expected no file to be written anew)"
}

check "exactly CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN are enough" test_exactly
check "without CAP_BPF" test_without +perfmon,+net_admin CAP_BPF
check "without CAP_PERFMON" test_without +bpf,+net_admin CAP_PERFMON
check "without CAP_NET_ADMIN" test_without +bpf,+perfmon CAP_NET_ADMIN
check "without any" test_without "" "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN"
check "--netns without CAP_SYS_ADMIN" test_netns
check "check without any, doctor without the optional ones" test_check
check "what is left while tracing" test_while
check "a program has what the caller has" test_program
check "a directory of another user's" test_foreign_dir
check "report writes to what was open before" test_sandbox
