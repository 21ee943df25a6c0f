#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bring the faults of the table tests/faults/checks about, one after the other, let "calitrace
# check" audit k8s02 and k8s01, and judge that: tests/faults/checks.sh LABEL DIR [LAB|LAB/FAULT...]
#
#                                                       tests/faults/checks.sh selftest
#
# healthy - fault - check and check --strict - heal - check; then, where the table has a chain,
# the same fault again with "calitrace live". What was seen is in DIR: LAB.FAULT.NODE.json, .err
# and .status, with .strict, .healed and .START before .json; complaints are complete there as
# well, in LAB.FAULT.said. With CALITRACE_TEST_NO_CHAIN=1 no tracer is started. "selftest" needs
# neither a lab nor calitrace: good records are bent a little, and checks.jq has to notice.

# shellcheck disable=SC2154 # the plan's variables are set by lab.sh env

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

here=$(cd "$(dirname "$0")" && pwd -P)
if [ "$*" != selftest ]; then
	[ $# -ge 2 ] || { sed -n '5,7p' "$0" >&2 && exit 2; }
	label=$1 out=$2
	shift 2
	only=("$@")
	mkdir -p "$out"
	out=$(cd "$out" && pwd -P)
fi

# ---- the table, as far as it says what to do ----

labs=()
declare -A lab_options=() lab_big=() lab_faults=() needs=() chains=()
read_table() {
	local word rest lab fault

	while read -r word rest; do
		case $word in
		lab)
			lab=${rest%% *}
			labs+=("$lab")
			lab_options[$lab]=${rest#"$lab"}
			;;
		big) lab_big[$lab]=$rest ;;
		fault)
			fault=${rest%% *}
			lab_faults[$lab]+=" $fault"
			needs[$lab/$fault]=${rest#"$fault"}
			;;
		chain) chains[$lab/$fault]+=$rest$'\n' ;;
		esac
	done <"$here/checks"
}

wanted() {
	local word

	[ ${#only[@]} -gt 0 ] || return 0
	for word in "${only[@]}"; do
		[[ $word != "$lab" && $word != "$lab/$1" ]] || return 0
	done
	return 1
}

lab_wanted() {
	local word

	[ ${#only[@]} -gt 0 ] || return 0
	for word in "${only[@]}"; do
		[ "${word%%/*}" != "$lab" ] || return 0
	done
	return 1
}

# ---- what is seen ----

# audit NODE FILE OPTION...
audit() {
	local node=$1 file=$out/$lab.$2 status=0

	shift 2
	timeout $patience "$calitrace" check --netns "${node_ns[$node]}" --host-root "${node_root[$node]}" \
		-o json "$@" >"$file.json" 2>"$file.err" </dev/null || status=$?
	echo $status >"$file.status"
}

# judge WHAT FAULT NODE FILE [START]: complaints
judge() {
	local file=$out/$lab.$4 status=0

	[ ! -e "$file.status" ] || status=$(<"$file.status")
	jq -rs --rawfile table "$here/checks" --arg lab "$lab" --arg fault "$2" --arg node "$3" --arg what "$1" \
		--arg start "${5:-}" --argjson status "$status" -f "$here/checks.jq" "$file.json" 2>&1 |
		sed "s|^|$3${5:+, started $5}: |" ||
		echo "expected lines of JSON from $3, saw $(head -c 200 "$file.json" "$file.err" | tr '\n' ' ')"
}

# audit_both FAULT FILE: from both nodes, with and without --strict
audit_both() {
	local node

	for node in k8s02 k8s01; do
		audit "$node" "$2.$node"
		audit "$node" "$2.$node.strict" --strict
		judge check "$1" "$node" "$2.$node"
		judge strict "$1" "$node" "$2.$node.strict" | sed 's/^/with --strict, /'
	done
}

# What the kernel and BIRD still have in mind of the fault takes a moment to go.
healed_quietly() { [ -z "$(audit_both healthy "$fault.healed")" ]; }

audit_healed() { within 10 healed_quietly || audit_both healthy "$fault.healed" | sed 's/^/healed: /'; }

# trace START NODE TRAFFIC: bring the fault about once more, and let a tracer see it
trace() {
	local start=$1 node=$2 traffic=$3 name=$lab.$fault.$2.$1

	[ "$start" = before ] || lab fault "$fault" >&2
	live "$name" "$node" -o json
	if ! tracer_wait "$name"; then
		tracer_stop "$name"
		lab heal >&2
		return
	fi
	[ "$start" = late ] || lab fault "$fault" >&2
	# shellcheck disable=SC2086 # a list
	lab traffic ${traffic//,/ } --count 2 >&2 || :
	# Until what goes unanswered is known to
	sleep 2.5
	tracer_stop "$name"
	lab heal >&2
	judge chain "$fault" "$node" "$fault.$node.$start" "$start"
	# With Felix' routes nothing leaks.
	case $lab/$fault in felix/*) ;; */incident*) named_in_time "$out/$name.json" ;; esac
}

# Milliseconds from the first packet that is lost until the root of the incident is named. The
# limit is 2 s; a test is no place for timing, and complains at ten times that.
# shellcheck disable=SC2016 # jq's
named_ms='def s: (.[:19] + "Z" | fromdate) + (.[19:-1] | tonumber);
	(first(.[] | select(.type == "packet" and .verdict == "leaked")) | .ts | s) as $lost |
	first(.[] | select(.type == "finding" and .cause == "node-address-mismatch")) | (.ts | s) - $lost | . * 1000 | floor'
named_in_time() {
	local ms

	# the first revision of the packet's record may come after that of its finding
	ms=$(jq -s "$named_ms" "$1" 2>/dev/null) || ms=
	echo "-- $fault, started $start: the root was named after ${ms:-?} ms" >&2
	[ -n "$ms" ] && [ "$ms" -lt 20000 ] || echo "expected the root to be named within 20 s, saw ${ms:-none} ms"
}

trace_chains() {
	local node start traffic

	[ -z "${CALITRACE_TEST_NO_CHAIN:-}" ] || return 0
	while read -r node start _ _ traffic; do
		[ -z "$node" ] || trace "$start" "$node" "$traffic"
	done <<<"${chains[$lab/$fault]:-}"
}

# ---- can the judge complain? ----

# WHAT FAULT STATUS RECORDS [START]: of k8s02 in the lab "mesh"
complaints_of() {
	jq -r --rawfile table "$here/checks" --arg lab mesh --arg fault "$2" --arg node k8s02 --arg what "$1" \
		--arg start "${5:-}" --argjson status "$3" -f "$here/checks.jq" <<<"$4" 2>&1 || :
}

# NAME WANT(well|bad) ARGUMENT... of complaints_of
judged() {
	local name="judge of checks: $1" want=$2 said

	shift 2
	said=$(complaints_of "$@")
	case $want/$said in
	*/jq:*) fail "$name" "expected a judgement, saw $said" ;;
	well/ | bad/?*) ok "$name" ;;
	well/*) fail "$name" "expected no complaint, saw $said" ;;
	*) fail "$name" "expected a complaint, saw none" ;;
	esac
}

selftest() {
	local good broken finding name what fault status bend records

	# shellcheck disable=SC2016 # jq's own variables
	good=$(sed -n 's/^names //p' "$here/checks" | jq -R 'split(" ") | map({v: 1, type: "check", node: "k8s02",
		ts: "2026-01-01T00:00:00.000000000Z", name: ., state: "ok", explain: "well"})')
	broken=$(jq 'map(if .name == "bgp" then . + {state: "problem", cause: "bgp-blocked", evidence: ["SYN"]}
		elif .name == "routes" then . + {state: "problem", cause: "route-missing", evidence: ["10.253.181.0/26"]}
		else . end)' <<<"$good")
	finding='[{"type":"finding","id":1,"rev":1,"verdict":"leaked","because":[{"cause":"route-missing"}]},
		{"type":"finding","id":1,"rev":2,"verdict":"leaked","because":[{"cause":"route-missing"},{"cause":"bgp-peer-down"},{"cause":"bgp-blocked"}]}]'
	judged "all is well" well check healthy 0 "$good"
	judged "a fault as it has to be told" well check bgp-blocked 1 "$broken"
	judged "the same with --strict" well strict bgp-blocked 1 "$broken"
	judged "a chain" well chain bgp-blocked 0 "$finding" late
	while IFS='|' read -r name what fault status bend; do
		case $fault in healthy) records=$good ;; *) records=$broken ;; esac
		[ "$what" != chain ] || records=$finding
		judged "$name" bad "$what" "$fault" "$status" "$(jq "$bend" <<<"$records")" late
	done <<-'END'
		another exit status|check|healthy|3|.
		no record at all|check|healthy|0|[]
		a missing check|check|healthy|0|map(select(.name != "sysctl"))
		an unknown in silence|check|healthy|0|(.[0].state) = "unknown"
		a false problem|check|healthy|1|.[0] += {state: "problem", cause: "unknown", evidence: ["x"]}
		a false warning|check|healthy|0|.[9] += {state: "warn", cause: "unknown"}
		a warning that --strict lets pass|strict|healthy|0|.[9] += {state: "warn", cause: "unknown"}
		a state of its own|check|healthy|0|.[0].state = "fine"
		a cause of what is ok|check|healthy|0|.[0].cause = "bgp-down"
		another node|check|healthy|0|.[0].node = "k8s01"
		a line of another type|check|healthy|0|. + [{type: "packet"}]
		a fault that was missed|check|bgp-blocked|0|map(.state = "ok" | del(.cause))
		another cause|check|bgp-blocked|1|map(if .name == "bgp" then .cause = "bgp-down" else . end)
		a problem without cause|check|bgp-blocked|1|map(if .name == "bgp" then del(.cause) else . end)
		a problem without evidence|check|bgp-blocked|1|map(if .name == "bgp" then del(.evidence) else . end)
		a problem without explanation|check|bgp-blocked|1|map(if .name == "bgp" then del(.explain) else . end)
		a second problem|check|bgp-blocked|1|map(if .name == "sysctl" then . + {state: "problem", cause: "forwarding-disabled", evidence: ["x"]} else . end)
		a status 0 with problems|check|bgp-blocked|0|.
		a chain that is too short|chain|bgp-blocked|0|.[1].because |= .[:2]
		a chain that was taken back|chain|bgp-blocked|0|. + [.[0] + {rev: 3}]
		another verdict|chain|bgp-blocked|0|map(.verdict = "filtered")
		no finding|chain|bgp-blocked|0|[]
	END
}

# ---- one fault after the other ----

told() {
	if [ -s "$out/$lab.$fault.said" ]; then
		echo "-- $label $lab $fault" >&2
		cat "$out/$lab.$fault.said" >&2
		fail "$label check $lab $fault" "$(head -n 1 "$out/$lab.$fault.said") ($(grep -c '' "$out/$lab.$fault.said") complaints)"
	else
		ok "$label check $lab $fault"
	fi
}

test_fault() {
	local why need=${needs[$lab/$fault]}

	if [ "$fault" = healthy ]; then
		audit_both healthy healthy >"$out/$lab.healthy.said"
		told
		return
	fi
	need=${need##*needs=}
	if [ -n "$need" ] && [[ ,$need, != *,$LAB_TUNNEL_KIND,* ]]; then
		skip "$label check $lab $fault" "it needs $need, this lab has $LAB_TUNNEL_KIND"
		return
	fi
	if ! why=$(lab can "$fault"); then
		skip "$label check $lab $fault" "$why"
		return
	fi
	if ! lab fault "$fault" >&2; then
		fail "$label check $lab $fault" "expected the fault, saw lab.sh fail"
		lab heal >&2 || :
		return
	fi
	{
		audit_both "$fault" "$fault"
		lab heal >&2
		audit_healed
		trace_chains
	} >"$out/$lab.$fault.said"
	told
}

test_lab() {
	# shellcheck disable=SC2086 # a list
	lab_up "${CALITRACE_TEST_PREFIX:-t$$-}c$1-" ${lab_options[$lab]}
	if [ -n "${lab_big[$lab]:-}" ]; then
		# shellcheck disable=SC2086
		lab big ${lab_big[$lab]} >&2
	fi
	for fault in ${lab_faults[$lab]}; do
		! wanted "$fault" || test_fault
	done
	lab down >&2
}

if [ "$*" = selftest ]; then
	selftest
	exit
fi
read_table
number=0
for lab in "${labs[@]}"; do
	number=$((number + 1))
	! lab_wanted || test_lab $number
done
