#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line: bad input is one clear line on standard error, nothing on standard
# output, exit status 2, and touches nothing. tests/cli/cli.sh DIR

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

out=$1
mkdir -p "$out"
out=$(cd "$out" && pwd -P)

# refused NAME WORD COMMAND...: WORD is what the line has to speak of
refused() {
	local name=$1 word=$2 status=0 stdout lines line

	shift 2
	stdout=$(timeout 30 "$@" 2>"$out/stderr" </dev/null) || status=$?
	lines=$(grep -c '' "$out/stderr" || :)
	line=$(head -n 1 "$out/stderr")
	if [ "$status" -ne 2 ]; then
		fail "$name" "expected exit status 2, saw $status: $line"
	elif [ -n "$stdout" ]; then
		fail "$name" "expected nothing on standard output, saw $(head -n 1 <<<"$stdout")"
	elif [ "$lines" -ne 1 ]; then
		fail "$name" "expected one line on standard error, saw $lines: $line"
	elif [[ ${line,,} != *"${word,,}"* ]]; then
		fail "$name" "expected a line that speaks of '$word', saw $line"
	elif [[ $line != calitrace:* ]]; then
		fail "$name" "expected a line that starts with 'calitrace:', saw $line"
	else
		ok "$name"
	fi
}

# printed NAME WORD COMMAND...: successful, WORD in its output, nothing on standard error
printed() {
	local name=$1 word=$2 status=0 stdout

	shift 2
	stdout=$(timeout 30 "$@" 2>"$out/stderr" </dev/null) || status=$?
	if [ "$status" -ne 0 ]; then
		fail "$name" "expected exit status 0, saw $status: $(head -n 1 "$out/stderr")"
	elif [ -s "$out/stderr" ]; then
		fail "$name" "expected nothing on standard error, saw $(head -n 1 "$out/stderr")"
	elif [[ $stdout != *"$word"* ]]; then
		fail "$name" "expected '$word' in the output, saw $(head -n 1 <<<"$stdout")"
	else
		ok "$name"
	fi
}

# The one case with more than a line: how it is used
no_command() {
	local status=0

	"$calitrace" >"$out/stdout" 2>"$out/stderr" || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	[ ! -s "$out/stdout" ] || echo "expected nothing on standard output, saw $(head -n 1 "$out/stdout")"
	grep -q '^usage: calitrace' "$out/stderr" || echo "expected the usage, saw $(head -n 1 "$out/stderr")"
}

# questions_of COMMAND...: how many questions a name server that never answers gets of it
questions_of() {
	echo 'nameserver 192.0.2.1' >"$out/resolv.conf"
	echo 'options timeout:1 attempts:1' >>"$out/resolv.conf"
	# shellcheck disable=SC2016 # expanded by the inner shell
	timeout 60 unshare -n -m sh -c 'ip link set lo up && ip addr add 192.0.2.1/32 dev lo &&
		iptables -A INPUT -p udp --dport 53 -j DROP && mount --bind "$1" /etc/resolv.conf ||
		exit 1
		shift
		"$@" >/dev/null 2>&1
		iptables -nvxL INPUT | sed -n "s/^ *\([0-9]*\) .*DROP.*/\1/p"' \
		sh "$out/resolv.conf" "$@"
}

# DNS may be what is broken: the names in a FILTER must not wait for it.
no_name_server() {
	local asked

	asked=$(questions_of getent hosts no-such-host.example.com)
	[ "$asked" -gt 0 ] || echo "expected getent to ask the name server, saw $asked questions"
	asked=$(questions_of "$calitrace" live host no-such-host.example.com)
	[ "$asked" -eq 0 ] || echo "expected no question, saw $asked"
}

words() {
	local word

	check 'cli no command' no_command
	refused 'cli unknown command' frobnicate "$calitrace" frobnicate
	refused 'cli option before the command' "command comes first" "$calitrace" -d 1 live
	refused 'cli metrics at a name' 'localhost:9435' "$calitrace" metrics --listen localhost:9435
	refused 'cli capture without a file' '-w FILE' "$calitrace" capture
	refused 'cli capture: rotation of standard output' '-C' "$calitrace" capture -w - -C 1m
	refused 'cli show without a file' FILE "$calitrace" show
	refused 'cli diff of one' AFTER "$calitrace" diff "$out/none"
	refused 'cli report without a file' FILE.html "$calitrace" report "$out/none"
	refused 'cli unknown option' --frobnicate "$calitrace" live --frobnicate
	refused 'cli unknown short option' -Z "$calitrace" live -Z
	refused 'cli abbreviated option' --duration "$calitrace" live --dur 1
	refused 'cli option of another command' --strict "$calitrace" live --strict
	refused 'cli option without value' --pool "$calitrace" live --pool
	refused 'cli bad CIDR' 10.253.0.0/33 "$calitrace" live --pool 10.253.0.0/33
	refused 'cli no CIDR' no-prefix "$calitrace" live --pool no-prefix
	refused 'cli host bits set' 'host bits' "$calitrace" live --pool 10.253.1.0/16
	refused 'cli bad mode of a pool' gre "$calitrace" live --pool 10.253.0.0/16=gre
	refused 'cli negative duration' -5 "$calitrace" live -d -5
	refused 'cli duration that is none' soon "$calitrace" live -d soon
	refused 'cli count that is none' -c "$calitrace" live -c 0
	refused 'cli format that is none' xml "$calitrace" live -o xml
	refused 'cli reply timeout that is none' --reply-timeout "$calitrace" live --reply-timeout 0
	refused 'cli FILTER that is none' "'udp prot 53'" "$calitrace" live udp prot 53
	refused 'cli FILTER of the link layer' 'link layer' "$calitrace" live ether host 2:0:0:0:0:1
	refused 'cli FILTER that nothing matches' 'contradict' "$calitrace" live port 53 and icmp
	refused 'cli FILTER of what is not traced' 'IPv4' "$calitrace" live ip6
	refused 'cli FILTER against --proto' "'port 53'" "$calitrace" live --proto icmp,tcp port 53
	refused 'cli FILTER with an unknown host' /etc/hosts "$calitrace" live host no-such.invalid
	refused 'cli --proto' udp "$calitrace" live --proto udp
	refused 'cli --dns-port' 65536 "$calitrace" live --dns-port 53,65536
	refused 'cli --pod' NAMESPACE/POD "$calitrace" live --pod coredns-5d78c9869d-x2x4b
	check 'cli FILTER asks no name server' no_name_server
	refused 'cli --baseline' --baseline "$calitrace" live --baseline "$out/none"
	refused 'cli nothing after --' "--" "$calitrace" live --
	refused 'cli word for doctor' doctor "$calitrace" doctor now
	printed 'cli --help' live "$calitrace" --help
	printed 'cli live --help' --reply-timeout "$calitrace" live --help
	printed 'cli capture --help' SIGUSR1 "$calitrace" capture --help
	printed 'cli check --help' --strict "$calitrace" check --help
	refused 'cli word for check' check "$calitrace" check now
	printed 'cli doctor --help' doctor "$calitrace" doctor --help
	printed 'cli --version' 'calitrace ' "$calitrace" --version
	printed 'cli help' live "$calitrace" help
}

# The same, but of a machine where something is missing. Namespaces of our own, so that the
# machine's stays as it is.
machine() {
	local empty=(unshare -n)

	refused 'cli no such network namespace' "$lab_prefix-none" "$calitrace" live --netns "$lab_prefix-none"
	refused 'cli no such path of a namespace' /nowhere/ns "$calitrace" live --netns /nowhere/ns
	refused 'cli no such root of the host' "'/nowhere': No such file" "$calitrace" check --host-root /nowhere
	refused 'cli a root of the host that is a file' 'Not a directory' "$calitrace" doctor --host-root /etc/passwd
	refused 'cli a file that is no namespace' /etc/passwd "$calitrace" live --netns /etc/passwd
	refused 'cli a namespace that is no network' mnt "$calitrace" live --netns /proc/self/ns/mnt
	refused 'cli no pool' --pool "${empty[@]}" "$calitrace" live --host-root "$out/empty"
	refused 'cli no interface' nosuch0 "$calitrace" live --netns "${node_ns[k8s02]}" \
		--host-root "${node_root[k8s02]}" -i nosuch0
	refused 'cli no interface at all' interface "${empty[@]}" "$calitrace" live \
		--host-root "$out/empty" --pool 10.253.0.0/16=ipip
	refused 'cli no privileges' root setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$program" live --pool 10.253.0.0/16
	refused 'cli no capabilities' root setpriv --bounding-set=-all --inh-caps=-all \
		"$calitrace" live --pool 10.253.0.0/16
	refused 'cli no BTF' BTF unshare -m sh -c \
		"mount -t tmpfs none /sys/kernel/btf && exec \"\$0\" \"\$@\"" \
		"$calitrace" live --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}"
	check 'cli no such program' no_program
	printed 'cli doctor' 'can trace' "$calitrace" doctor --netns "${node_ns[k8s02]}" \
		--host-root "${node_root[k8s02]}"
	printed 'cli check' 'own-blocks' "$calitrace" check --netns "${node_ns[k8s02]}" \
		--host-root "${node_root[k8s02]}"
	check 'cli check where Calico is not' cannot_say
	check 'cli check without BIRD' check_no_bird
	check "cli names by Felix' status files" names_by_status
	check 'cli check loads nothing' check_loads_nothing
	check 'cli doctor: every program is taken by this kernel' all_probes
	printed 'cli doctor --clean' '' "$calitrace" doctor --clean --netns "${node_ns[k8s02]}"
	check 'cli live -d 1' short_live
}

# selected NAME JQ WORD...: live with these words while a pod pings and asks for names; JQ is true
# of the packets, and there are some
selected() {
	local name=$1 said=$2

	shift 2
	check "cli FILTER: $name" selects "$said" "$@"
}

selects() {
	local said=$1

	shift
	live filter k8s02 --all -o json "$@"
	tracer_wait filter || { tracer_stop filter && return; }
	lab traffic --count 1 ping dns >&2 || echo "expected healthy traffic, saw none"
	tracer_stop filter
	jq -es "map(select(.type == \"packet\")) | length > 0 and ($said)" \
		"$out/filter.json" >/dev/null ||
		echo "expected packets with $said, saw $(jq -cs 'map(select(.type == "packet") |
			[.app, .src, .dst, .orig_dst]) | unique' "$out/filter.json")"
}

# Requests and replies both, whichever of them matches, and wherever
both='any(.dns.response == true) and any(.dns.response == false)'
# shellcheck disable=SC2154 # the lab's plan is of lab.sh env
filters() {
	selected icmp 'all(.app == "icmp")' icmp
	selected 'a port' "all(.app == \"dns\") and $both" port 53
	selected 'not a port' 'all(.app != "dns")' not port 53
	selected 'before NAT alone' \
		"all(.app == \"dns\") and $both and all(.orig_dst == \"$LAB_SERVICE\" or .dns.response)" \
		dst host "$LAB_SERVICE"
	selected 'outer header alone' 'any(.app == "dns") and any(.app == "icmp")' \
		host "$NODE_IP_k8s01"
	selected 'outer header, inner protocol' 'all(.app == "icmp")' \
		host "$NODE_IP_k8s01" and icmp
	selected 'reply alone' "all([.src, .dst] | index(\"$POD_IP_k8s01_coredns\")) and $both" \
		src host "$POD_IP_k8s01_coredns"
	selected '--pod by name' "all([.src, .dst] | index(\"$POD_IP_k8s02_p1\"))" \
		--pod "$POD_NAME_k8s02_p1"
	selected '--pod by address' "all([.src, .dst] | index(\"$POD_IP_k8s02_p1\"))" \
		--pod "$POD_IP_k8s02_p1"
	check 'cli FILTER: another pod' no_other_pod
}

# shellcheck disable=SC2154 # likewise
no_other_pod() {
	local said

	said=$(selects 'true' --pod "$POD_NAME_k8s02_p2")
	[[ $said == *', saw []' ]] || echo "expected no packet of $POD_NAME_k8s02_p2, saw ${said:-some}"
}

# What live says beside the data is no error.
short_live() {
	local status=0

	"$calitrace" live --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" -o json -d 1 \
		>"$out/live.json" 2>"$out/stderr" || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status"
	[ "$(tail -n 1 "$out/live.json" | jq -r .type)" = summary ] ||
		echo "expected a summary at the end, saw $(tail -n 1 "$out/live.json")"
	[[ $(tail -n 1 "$out/stderr") =~ packets\ seen,.*problems,.*lost,.*withheld ]] ||
		echo "expected the closing line on standard error, saw $(tail -n 1 "$out/stderr")"
}

# The data goes on, so it is told after the line that scripts wait for.
no_program() {
	local status=0

	"$calitrace" live --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" -o json \
		-- "$out/no-such-program" >/dev/null 2>"$out/stderr" || status=$?
	[ $status -eq 2 ] || echo "expected exit status 2, saw $status"
	grep -q "no-such-program.*No such file" "$out/stderr" ||
		echo "expected a line about no-such-program, saw $(head -n 1 "$out/stderr")"
}

# ---- what the README says ----

# What the README's captures are called; quiet ones, so that diff cannot say.
readme_captures() {
	local name

	mkdir -p "$out/readme"
	for name in before after; do
		"$calitrace" capture --force -d 0 -w "$out/readme/$name.pcapng" --netns "${node_ns[k8s02]}" \
			--host-root "${node_root[k8s02]}" 2>/dev/null || :
	done
}

# readme_file WORD...: one that reads captures
readme_file() {
	local status=0 want=0

	[ "$2" != diff ] || want=3
	readme_captures
	rm -f "$out/readme/incident.html"
	(cd "$out/readme" && timeout 60 "$calitrace" "${@:2}" >../stdout 2>../stderr </dev/null) || status=$?
	[ $status -eq $want ] || echo "expected exit status $want, saw $status: $(head -n 1 "$out/stderr")"
	[ -s "$out/stdout" ] || [ -s "$out/readme/incident.html" ] || echo "expected something to read, saw nothing"
}

# on_terminal COMMAND...: with a terminal for input and output
on_terminal() { TERM=xterm timeout 60 script -qec "${*@Q}" /dev/null; }

# readme_metrics WORD...: it runs until a signal comes, here at a port that nobody else has
readme_metrics() {
	tracer_run readme "${@:2}" --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" --listen 127.0.0.1:0
	tracer_wait readme || { tracers_kill && return; }
	tracer_stop readme TERM
	[ "${tracer_status[readme]}" -eq 0 ] || echo "expected exit status 0, saw ${tracer_status[readme]}: $(tail -n 1 "$out/readme.err")"
}

# readme_command WORD...: a command line of the README, for a second, on a node of the lab
readme_command() {
	local status=0 words=(timeout 60 "$calitrace" "$2" --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}")

	case $2 in
	show | diff | report) readme_file "$@" && return ;;
	metrics) readme_metrics "$@" && return ;;
	esac
	case " $* " in
	*' -- '* | *' doctor '* | *' check '*) ;;
	# The last one counts.
	*) words+=("${@:3}" -d 1) && set -- "$1" "$2" ;;
	esac
	mkdir -p "$out/readme"
	rm -f "$out/readme"/*
	[[ " ${words[*]} " != *' --top '* ]] || words=(on_terminal "${words[@]:2}")
	(cd "$out/readme" && "${words[@]}" "${@:3}" >../stdout 2>../stderr </dev/null) || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status: $(head -n 1 "$out/stderr")"
}

make_target() { make -n "$@" >/dev/null || echo "expected make to know it, saw status $?"; }

# Nothing of the machine but the file
static_alone() {
	local version

	mkdir -p "$out/chroot"
	make -s static >&2
	cp calitrace-static "$out/chroot/"
	# which libraries are linked differs
	version=$(chroot "$out/chroot" /calitrace-static --version 2>&1 | head -n 1)
	[ "$version" = "$("$root/calitrace" --version | head -n 1)" ] ||
		echo "expected the same version in an empty chroot, saw $version"
}

# Nothing is known there, so nothing can be said; that is neither well nor a fault.
cannot_say() {
	local status=0

	unshare -n "$calitrace" check --host-root "$out/empty" >"$out/stdout" 2>"$out/stderr" || status=$?
	[ $status -eq 1 ] || [ $status -eq 3 ] || echo "expected exit status 3, or 1 for the default route, saw $status"
	grep -q '^unknown  routes' "$out/stdout" || echo "expected routes to be unknown, saw $(head -n 1 "$out/stdout")"
	grep -q -- '--pool' "$out/stderr" || echo "expected the way out to be named, saw $(head -n 1 "$out/stderr")"
}

# Less is known then, and nothing else is said.
check_no_bird() {
	local status=0

	"$calitrace" check --no-bird -o json --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" >"$out/stdout" || status=$?
	[ $status -eq 0 ] || echo "expected exit status 0, saw $status"
	[ "$(jq -r 'select(.name == "bird").state' "$out/stdout")" = unknown ] ||
		echo "expected bird to be unknown, saw $(jq -c 'select(.name == "bird")' "$out/stdout")"
	! jq -e 'select(.state == "problem" or .state == "warn")' "$out/stdout" ||
		echo "expected neither problem nor warning"
}

# Felix' status files name pods where CNI left nothing behind.
names_by_status() {
	local dir=${node_root[k8s02]}/var names

	mkdir -p "$dir/run/calico/endpoint-status"
	mv "$dir/lib/cni" "$dir/lib/cni.away"
	printf '{"ifaceName":"%s","ipv4Nets":["%s/32"]}' "$POD_DEV_k8s02_p1" "$POD_IP_k8s02_p1" \
		>"$dir/run/calico/endpoint-status/k8s ${POD_NAME_k8s02_p1/\//%2F} eth0"
	"$calitrace" live --all -o json --netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}" -- \
		nsenter --net="/run/netns/$POD_NETNS_k8s02_p1" ping -n -q -c 1 -W 1 "$POD_IP_k8s01_coredns" \
		>"$out/stdout" 2>"$out/stderr" || :
	mv "$dir/lib/cni.away" "$dir/lib/cni"
	rm -r "$dir/run/calico/endpoint-status"
	names=$(jq -r 'select(.type == "packet" and .src_pod != null) | .src_pod' "$out/stdout" | sort -u)
	[ "$names" = "$POD_NAME_k8s02_p1" ] || echo "expected $POD_NAME_k8s02_p1, saw '$names'"
}

# Without the right to load programs it says the same.
check_loads_nothing() {
	local at=(--netns "${node_ns[k8s02]}" --host-root "${node_root[k8s02]}")
	local all less

	all=$("$calitrace" check -o json "${at[@]}" | jq -c '[.name, .state]')
	less=$(setpriv --bounding-set=-bpf,-perfmon --inh-caps=-bpf,-perfmon "$calitrace" check -o json "${at[@]}" | jq -c '[.name, .state]')
	[ "$(grep -c . <<<"$all")" -ge 13 ] || echo "expected 13 checks, saw $all"
	[ "$all" = "$less" ] || echo "expected the same with fewer rights, saw $less"
}

# A program that this kernel refuses would only show as a verdict that is missing somewhere.
all_probes() {
	local probe said

	said=$("$calitrace" doctor)
	for probe in path drop reason fib route bgp; do
		grep -qE "^ok +$probe " <<<"$said" ||
			echo "expected $probe to be available, saw $(grep -E " $probe " <<<"$said")"
	done
}

readme() {
	local line words

	[ -e README.md ] || { fail 'cli README' 'expected README.md, saw none' && return; }
	while read -r line; do
		read -r -a words <<<"${line#sudo }"
		# On a lab that the README builds before
		[[ $line != *--netns* ]] || continue
		case ${words[0]} in
		make) check "cli README: $line" make_target "${words[@]:1}" ;;
		*) check "cli README: $line" readme_command "${words[@]}" ;;
		esac
	done < <(sed -nE 's/^    (\$ )?((sudo )?(make|\.\/calitrace) [^#]*[^# ]) *(#.*)?$/\2/p' README.md | sort -u)
	check 'cli README: one static file' static_alone
}

# nobody cannot get at a tree in root's home.
program=$(mktemp /tmp/calitrace-cli.XXXXXX)
install -m 755 "$calitrace" "$program"
mkdir -p "$out/empty"
lab_up "${CALITRACE_TEST_PREFIX:-t$$-}cli-"
trap 'rm -f "$program"; lab down >&2 || :' EXIT
words
machine
check 'cli JSON: the manual page has each key of the sources' described -
filters
cd "$root"
readme
