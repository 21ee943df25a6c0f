#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What tools/k8s has: the DaemonSet against a schema, and kubectl-calitrace against a kubectl and an ssh that
# record their calls, and, where there is one, a real kubectl that asks a small API server.
# tests/k8s/k8s.sh DIR

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p "$1"
out=$(cd "$1" && pwd -P)
here=$root/tests/k8s
plugin=$root/tools/k8s/kubectl-calitrace
manifest=$root/tools/k8s/daemonset.yaml
python=/usr/bin/python3
[ -x $python ] || python=python3
export FAKE=$out/fake FAKE_LOG=$out/calls
export KUBECTL=$here/kubectl SSH=$here/ssh XDG_CACHE_HOME=$out/cache HOME=$out/home
mkdir -p "$FAKE/bin" "$HOME"

# ---- the DaemonSet ----

test_schema() {
	"$python" "$here/validate.py" "$here/schema.json" "$manifest"
}

test_schema_refuses() {
	local bend said

	for bend in 's/hostNetwork: true/hostNetwork: "yes"/' 's/readOnlyRootFilesystem/readOnlyRootFileSystem/' \
		's/memory: 64Mi/memory: 64 MB/' 's/- BPF /- CAP_BPF /' 's/^  selector:/  selektor:/'; do
		sed "$bend" "$manifest" >"$out/bent.yaml"
		said=$("$python" "$here/validate.py" "$here/schema.json" "$out/bent.yaml")
		[ -n "$said" ] || echo "expected a complaint after $bend"
	done
}

# What the issue of such a thing is: no more rights than it takes, nothing written, on every node
test_rights() {
	"$python" "$here/validate.py" "$here/schema.json" "$manifest" --json | jq -rs '
		def want(what; is): if is then empty else "expected " + what end;
		(.[] | select(.kind == "DaemonSet")) as $d | $d.spec.template.spec as $s | $s.containers[0] as $c |
		$c.securityContext as $x |
		want("the pods to be those of the selector"; $d.spec.selector.matchLabels == $d.spec.template.metadata.labels),
		want("no privileged container"; $x.privileged == false and $x.allowPrivilegeEscalation == false),
		want("a root file system that is read-only"; $x.readOnlyRootFilesystem),
		want("all capabilities to be dropped"; $x.capabilities.drop == ["ALL"]),
		want("these capabilities, saw \($x.capabilities.add)"; ($x.capabilities.add | sort) ==
			["BPF", "NET_ADMIN", "PERFMON", "SYSLOG", "SYS_PTRACE", "SYS_RESOURCE"]),
		want("no token"; $s.automountServiceAccountToken == false),
		want("every taint to be tolerated"; any($s.tolerations[]; .operator == "Exists" and (has("key") | not))),
		want("mounts to be read-only"; all($c.volumeMounts[]; .readOnly)),
		want("a volume for each mount"; ([$c.volumeMounts[].name] | sort) == ([$s.volumes[].name] | sort)),
		want("mounts below /host"; all($c.volumeMounts[]; .mountPath | startswith("/host/"))),
		want("requests and a limit of memory"; $c.resources.requests.cpu and $c.resources.limits.memory),
		want("a ServiceAccount of that name"; any(.[]; .kind == "ServiceAccount" and .metadata.name == $s.serviceAccountName))'
}

# Its words are the program's.
test_words() {
	local args said

	args=$("$python" "$here/validate.py" "$here/schema.json" "$manifest" --json |
		jq -r 'select(.kind == "DaemonSet").spec.template.spec.containers[0].args | map(gsub("\\$\\(HOST_IP\\)"; "192.0.2.1")) | .[]')
	mapfile -t args <<<"$args"
	# the address is none of ours: it gets that far, and no further
	said=$("$calitrace" "${args[@]}" 2>&1) || :
	[[ $said == *'cannot listen at 192.0.2.1:9435'* ]] || echo "expected it to try to listen, saw $said"
}

# ---- the plugin ----

# A sudo and a calitrace for those that ssh runs them for
# shellcheck disable=SC2016 # expanded by them
programs() {
	printf '#!/bin/sh\nexec "$@"\n' >"$FAKE/bin/sudo"
	printf '#!/bin/sh\necho "$FAKE_NODE: $*"\n' >"$FAKE/bin/calitrace"
	chmod +x "$FAKE/bin/sudo" "$FAKE/bin/calitrace"
}

# What the fakes have to start with
fresh() {
	rm -rf "$FAKE" "$FAKE_LOG" "$XDG_CACHE_HOME" "$out/dir" "$out"/*.pcapng
	mkdir -p "$FAKE/bin"
	printf '%s\n' 'k8s01 calitrace-aaaaa' 'k8s02 calitrace-bbbbb' 'k8s03 calitrace-ccccc' >"$FAKE/pods"
	: >"$FAKE_LOG"
}

# run STATUS ARGUMENT...: the plugin, its output in $out/said and $out/err; a complaint if it exits with another
run() {
	local want=$1 status=0

	shift
	(cd "$out" && ${plugin_shell:-dash} "$plugin" "$@") >"$out/said" 2>"$out/err" </dev/null || status=$?
	[ $status -eq "$want" ] || echo "expected exit status $want of $*, saw $status: $(tail -n 1 "$out/err")"
}

called() { grep -qF -- "$1" "$FAKE_LOG" || echo "expected a call with $1, saw $(cat "$FAKE_LOG")"; }
not_called() { ! grep -qF -- "$1" "$FAKE_LOG" || echo "expected no call with $1, saw $(cat "$FAKE_LOG")"; }
says() { grep -qF -- "$2" "$out/$1" || echo "expected $1 to have '$2', saw '$(cat "$out/$1")'"; }

test_live() {
	fresh
	printf '%s\n' 0 'what it says' >"$FAKE/exec.k8s02"
	run 0 live k8s02 -d 30 --pod default/centos 'host 10.0.0.1 and (port 53)'
	says said 'what it says'
	called '<--request-timeout=5s><get><pods><-n><kube-system><-l><app.kubernetes.io/name=calitrace>'
	called "<exec><-n><kube-system><-c><calitrace><calitrace-bbbbb><--></calitrace><live><-d><30><--pod><default/centos><host 10.0.0.1 and (port 53)><--host-root=/host><--node=k8s02>"
	# core API alone
	not_called '<apply>'
	fresh
	printf '%s\n' 1 >"$FAKE/exec.k8s02"
	run 1 live k8s02 --exit-code
	run 2 live k8s09
	says err 'no pod of calitrace runs on k8s09'
	run 2 live --all-nodes
	run 2 live 'k8s02;reboot'
	run 2 live
	run 2 frobnicate k8s02
	run 0 --help
}

test_capture() {
	fresh
	printf '%s\n' 0 'octets of a file' >"$FAKE/exec.k8s02"
	run 0 capture k8s02 -w one.pcapng -d 0
	[ "$(cat "$out/one.pcapng")" = 'octets of a file' ] || echo "expected the file, saw $(ls "$out")"
	called '</calitrace><capture><-w><-><-d><0><--host-root=/host><--node=k8s02>'
	not_called '<-it>'
	run 2 capture k8s02 -w one.pcapng -d 0
	says err '--force'
	run 0 capture k8s02 -w one.pcapng -d 0 --force
	run 2 capture k8s02
	run 0 capture k8s02 -w two.pcapng
	called '<capture><-w><-><-d><30s><--host-root=/host>'
}

test_capture_all() {
	local n

	fresh
	for n in 1 2 3; do printf '%s\n' 0 "of k8s0$n" >"$FAKE/exec.k8s0$n"; done
	run 0 capture --all-nodes -w dir -d 5
	for n in 1 2 3; do
		[ "$(cat "$out/dir/k8s0$n.pcapng" 2>/dev/null)" = "of k8s0$n" ] || echo "expected k8s0$n's file, saw $(ls "$out/dir")"
	done
	[ "$(cat "$XDG_CACHE_HOME/calitrace/nodes")" = $'k8s01\nk8s02\nk8s03' ] || echo "expected the nodes to be remembered"
	# one that fails: what came is kept, the others are there
	printf '%s\n' 2 'half of it' >"$FAKE/exec.k8s02"
	run 2 capture --all-nodes -w dir -d 5 --force
	says err 'k8s02: exit status 2'
	[ "$(cat "$out/dir/k8s02.pcapng")" = 'half of it' ] || echo "expected what came of k8s02"
	[ ! -e "$out/dir/k8s02.pcapng.part" ] || echo "expected nothing half done to be left"
}

test_capture_many() {
	local n

	fresh
	for n in $(seq 25); do echo "n$n calitrace-$n"; done >"$FAKE/pods"
	for n in $(seq 25); do printf '%s\n' 0 "of n$n" >"$FAKE/exec.n$n"; done
	run 0 capture --all-nodes -w dir -d 5
	n=$(find "$out/dir" -name 'n*.pcapng' -size +0 | wc -l)
	[ "$n" -eq 25 ] || echo "expected 25 files, saw $n"
}

test_check_all() {
	fresh
	printf '%s\n' 0 'ok       routes' >"$FAKE/exec.k8s01"
	printf '%s\n' 1 'problem  routes' >"$FAKE/exec.k8s02"
	printf '%s\n' 3 'unknown  bgp' >"$FAKE/exec.k8s03"
	run 1 check --all-nodes
	says said 'k8s01: ok       routes'
	says said 'k8s02: problem  routes'
	printf '%s\n' 0 >"$FAKE/exec.k8s02"
	run 3 check --all-nodes
	printf '%s\n' 255 >"$FAKE/exec.k8s01"
	run 2 check --all-nodes
	printf '%s\n' 0 '{"v":1,"type":"check"}' >"$FAKE/exec.k8s01"
	run 0 check k8s01 -o json
	[ "$(cat "$out/said")" = '{"v":1,"type":"check"}' ] || echo "expected JSON as it came, saw $(cat "$out/said")"
}

test_servers() {
	fresh
	printf '%s\n' https://10.0.0.1:6443 >"$FAKE/dead"
	run 0 live k8s02 --server https://10.0.0.1:6443 --server https://10.0.0.2:6443
	says err 'no answer from https://10.0.0.1:6443'
	called '<--request-timeout=5s><--server=https://10.0.0.1:6443><get><--raw></api/v1>'
	called '<--server=https://10.0.0.2:6443><exec>'
	not_called '<--server=https://10.0.0.1:6443><exec>'
	run 0 live k8s02 --context prod --kubeconfig=/x/y -n tools
	called '<--context=prod><--kubeconfig=/x/y><get><pods><-n><tools>'
}

# This tool's own incident: the lines have to be there, and to run.
test_no_server() {
	local n

	fresh
	echo all >"$FAKE/dead"
	run 2 capture --all-nodes -w dir -d 0
	says err 'nobody tells which nodes there are'
	[ ! -s "$out/said" ] || echo "expected nothing to run, saw $(cat "$out/said")"
	printf '%s\n' '# ours' 'k8s01' '10.2.7.201 the second' '' 'k8s03; reboot' >"$out/nodes"
	run 2 capture --all-nodes -w dir -d 0 --nodes nodes
	says said 'ssh k8s01 sudo ./calitrace capture -w - -d 0 > dir/k8s01.pcapng'
	programs
	CALITRACE_REMOTE=calitrace run 2 capture --all-nodes -w dir -d 0 --nodes nodes
	! grep -q reboot "$out/said" || echo "expected no name that is a command"
	(cd "$out" && sh "$out/said" </dev/null) || echo "expected the lines to run"
	for n in k8s01 10.2.7.201; do
		[ "$(cat "$out/dir/$n.pcapng")" = "$n: capture -w - -d 0" ] || echo "expected $n's file, saw $(cat "$out/dir/$n.pcapng")"
	done
	# those that answered last time
	mkdir -p "$XDG_CACHE_HOME/calitrace"
	echo k8s07 >"$XDG_CACHE_HOME/calitrace/nodes"
	run 2 check --all-nodes
	says said 'ssh k8s07 sudo ./calitrace check'
	CALITRACE_REMOTE=calitrace run 2 live k8s02 'host 10.0.0.1 and (port 53)'
	(cd "$out" && sh "$out/said" </dev/null) >"$out/ran" || echo "expected the line to run: $(cat "$out/said")"
	[ "$(cat "$out/ran")" = 'k8s02: live host 10.0.0.1 and (port 53)' ] || echo "expected the FILTER, saw $(cat "$out/ran")"
}

test_ssh() {
	fresh
	programs
	CALITRACE_REMOTE=calitrace run 0 check k8s05 --ssh --strict
	says said 'k8s05: check --strict'
	not_called '<get>'
	printf '%s\n' k8s05 k8s06 >"$out/nodes"
	CALITRACE_REMOTE=calitrace run 0 capture --all-nodes --ssh --nodes nodes -w dir -d 1 -i 'cali*'
	[ "$(cat "$out/dir/k8s06.pcapng")" = 'k8s06: capture -w - -d 1 -i cali*' ] || echo "expected k8s06's file, saw $(cat "$out/dir/k8s06.pcapng")"
}

test_diff() {
	fresh
	# shellcheck disable=SC2016 # expanded by it
	printf '#!/bin/sh\nfor w in "$@"; do printf "<%%s>" "$w"; done\nexit 3\n' >"$FAKE/bin/calitrace"
	chmod +x "$FAKE/bin/calitrace"
	CALITRACE=$FAKE/bin/calitrace run 3 diff 'be fore' after -o json
	says said '<diff><-o><json><be fore><after>'
	run 2 diff before
	CALITRACE=/nonexistent run 2 diff before after
	[ ! -s "$FAKE_LOG" ] || echo "expected no call, saw $(cat "$FAKE_LOG")"
}

# The real one asks what the plugin means it to ask, and gives up a server that takes and says nothing.
test_real() {
	local real=$1 port hung start=$SECONDS

	# in the subshell that check() has made
	trap 'kill $server_pid $hung_pid 2>/dev/null || :' EXIT
	fresh
	rm -f "$out/port" "$out/hung"
	"$python" "$here/server.py" "$out/port" "$out/asked" >&2 &
	server_pid=$!
	"$python" -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write("%d\n" % s.getsockname()[1])
time.sleep(120)' "$out/hung" >&2 &
	hung_pid=$!
	within "$patience" test -s "$out/port" -a -s "$out/hung" || { echo "expected the server to start" && return; }
	port=$(cat "$out/port")
	hung=$(cat "$out/hung")
	# what is executed in a pod is not its business
	cat >"$FAKE/bin/kubectl" <<-END
		#!/bin/sh
		case " \$* " in *' exec '*) exec "$here/kubectl" "\$@" ;; esac
		exec "$real" "\$@"
	END
	chmod +x "$FAKE/bin/kubectl"
	printf '%s\n' 0 'from a pod' >"$FAKE/exec.k8s02"
	KUBECONFIG=/dev/null KUBECTL=$FAKE/bin/kubectl run 0 live k8s02 --server "http://127.0.0.1:$hung" --server "http://127.0.0.1:$port"
	says said 'from a pod'
	says err "no answer from http://127.0.0.1:$hung"
	called "<--server=http://127.0.0.1:$port><exec><-n><kube-system><-c><calitrace><calitrace-k8s02>"
	grep -q 'GET /api/v1/namespaces/kube-system/pods?fieldSelector=status.phase%3DRunning&labelSelector=app.kubernetes.io%2Fname%3Dcalitrace' "$out/asked" ||
		echo "expected these pods to be asked for, saw $(cat "$out/asked")"
	echo "a server that is silent, and one that is not: $((SECONDS - start)) s" >&2
	# it finds the plugin by its name
	PATH=$root/tools/k8s:$PATH "$real" calitrace --help >"$out/said" 2>&1 || echo "expected kubectl calitrace to run, saw $(cat "$out/said")"
	says said 'kubectl calitrace capture --all-nodes -w DIR'
}

check 'k8s DaemonSet and schema' test_schema
check 'k8s schema refuses what is wrong' test_schema_refuses
check 'k8s DaemonSet: rights, mounts, nodes' test_rights
check 'k8s DaemonSet: options' test_words
for plugin_shell in dash bash; do
	check "k8s plugin ($plugin_shell): live" test_live
	check "k8s plugin ($plugin_shell): capture" test_capture
	check "k8s plugin ($plugin_shell): capture of all nodes" test_capture_all
	check "k8s plugin ($plugin_shell): capture of many nodes" test_capture_many
	check "k8s plugin ($plugin_shell): check" test_check_all
	check "k8s plugin ($plugin_shell): servers in turn" test_servers
	check "k8s plugin ($plugin_shell): no server answers" test_no_server
	check "k8s plugin ($plugin_shell): ssh" test_ssh
	check "k8s plugin ($plugin_shell): diff" test_diff
done
plugin_shell=dash
if real=$(type -P kubectl); then
	check 'k8s plugin: a real kubectl' test_real "$real"
else
	skip 'k8s plugin: a real kubectl' 'there is none'
fi
