#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Can the judge of the table fail? Each line below bends a good trace a little, and verdicts.jq
# has to notice. tests/faults/verdicts_selftest.sh DIR, with traces of verdicts.sh there

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

dir=$1
here=$(dirname "$0")

complaints() {
	jq -r --rawfile table "$here/verdicts" --rawfile roots "$here/roots" --argjson lab "$(<"$dir/${1%%.*}.lab")" \
		--argjson run "$(<"$dir/$1.run")" --argjson in_time true -f "$here/verdicts.jq" |
		sed -n 's/^complaint\t//p'
}

# Only the last revision of each record counts, so only that is bent.
# shellcheck disable=SC2016 # jq's own variables
prelude='def bad: .type == "packet" and .finding != null;
	def good: .type == "packet" and .finding == null;
	def key: if .type == "packet" or .type == "finding" then .type + (.id | tostring) else tojson end;
	reduce .[] as $r ({}; .[$r | key] = $r) | [.[]]'

while IFS='|' read -r trace what bend; do
	[ -n "$trace" ] || continue
	bent "judge of verdicts notices $what" "$trace" "$bend" "$prelude"
done <<'END'
filter-forward.before.k8s02|another verdict|(first(.[] | select(bad)) | .verdict) = "allowlist"
filter-forward.before.k8s02|a verdict that is good|(first(.[] | select(bad)) | .verdict) = "sent"
filter-forward.before.k8s02|another device|(first(.[] | select(bad)) | .dev) = "eth0"
filter-forward.before.k8s02|another block|(first(.[] | select(bad)) | .block) = "10.253.65.64/26"
filter-forward.before.k8s02|a packet without block|del(first(.[] | select(bad)).block)
filter-forward.before.k8s02|another hook|(first(.[] | select(bad)) | .nf_hook) = "input"
filter-forward.before.k8s02|another device of arrival|(first(.[] | select(bad)) | .in_dev) = "eth0"
filter-forward.before.k8s02|another device of departure|(first(.[] | select(bad)) | .out_dev) = "eth0"
filter-forward.before.k8s02|another reason|(first(.[] | select(bad)) | .reason) = "NOT_SPECIFIED"
filter-forward.before.k8s02|another place|(first(.[] | select(bad)) | .at) = "fib"
filter-forward.before.k8s02|a missing packet|del(first(.[] | select(bad)))
filter-forward.before.k8s02|a packet twice|. + [first(.[] | select(bad)) | .id = 9999]
filter-forward.before.k8s02|a good packet twice|. + [first(.[] | select(good)) | .id = 9999]
filter-forward.before.k8s02|a stray packet|. + [first(.[] | select(good)) | .id = 9999 | .src = "10.253.9.9"]
filter-forward.before.k8s02|a control that is lost|(first(.[] | select(good)) | .verdict) = "unanswered"
filter-forward.before.k8s02|a problem on the way back|(first(.[] | select(good and .src == "10.253.181.2")) | .verdict) = "other"
filter-forward.before.k8s02|a problem without finding|del(first(.[] | select(bad)).finding)
filter-forward.before.k8s02|a missing finding|map(select(.type != "finding"))
filter-forward.before.k8s02|a second finding|. + [first(.[] | select(.type == "finding")) | .id = 77]
filter-forward.before.k8s02|another finding|. + [first(.[] | select(.type == "finding")) | .id = 77 | .verdict = "leaked"]
filter-forward.before.k8s02|a missing recovery|(first(.[] | select(.type == "finding")) | .state) = "open"
filter-forward.before.k8s02|a cause that is none|(first(.[] | select(.type == "finding")) | .because) += [{"cause": "bgp-down", "confidence": "likely"}]
filter-forward.before.k8s02|blocks too many|(first(.[] | select(.type == "finding")) | .blocks) += ["10.253.65.64/26"]
filter-forward.before.k8s02|a loss|. + [first(.[] | select(.type == "summary")) | .type = "loss"]
filter-forward.before.k8s02|a summary that does not add up|(.[] | select(.type == "summary") | .verdicts.filtered) = 99
filter-forward.before.k8s01|a packet that cannot have come|. + [first(.[] | select(good)) | .id = 9999 | .src = "10.253.65.67" | .dst = "10.253.181.2" | .ts = "2001-01-01T00:00:00.000000000Z"]
filter-forward.late.k8s02|a recovery that is none|(first(.[] | select(.type == "finding")) | .state) = "recovered"
filter-reject.before.k8s02|a missing ICMP error|map(del(.icmp_error))
filter-reject.before.k8s02|an ICMP error of another node|(.[] | select(.icmp_error) | .icmp_error.from) = "10.2.7.201"
filter-reject.before.k8s02|an answer that never came|(first(.[] | select(.verdict == "unanswered")) | .verdict) = "sent"
dns-slow.before.k8s02|an answer that was not late|map(del(.late_us))
wrong-nexthop.before.k8s02|another outer address|(first(.[] | select(bad)) | .encap.dst) = "10.2.7.200"
allowlist.before.k8s01|a root that is not found|(first(.[] | select(.type == "finding"))) |= (.cause = "unknown" | .because = [{cause: "unknown", confidence: "unclear"}])
allowlist.before.k8s01|a root that nobody is sure of|(first(.[] | select(.type == "finding")) | .because[].confidence) = "unclear"
allowlist.before.k8s01|a cause that cannot be|(first(.[] | select(.type == "finding")) | .because) += [{cause: "node-address-mismatch", confidence: "likely"}]
allowlist.before.k8s01|a cause that cannot be, for a moment|. + [first(.[] | select(.type == "finding")) | .rev = 0 | .because += [{cause: "node-address-mismatch", confidence: "likely"}]]
allowlist.before.k8s01|a root that took too long|(first(.[] | select(.type == "finding")) | .ts) = "2100-01-01T00:00:00.000000000Z"
tunnel-down.before.k8s02|a chain that ends before its root|(.[] | select(.type == "finding")) |= (.cause = "route-missing" | .because |= map(select(.cause == "route-missing")))
blackhole-route.before.k8s02|another route|(first(.[] | select(bad)) | .route.type) = "unreachable"
blackhole-route.before.k8s02|a sender that is not named|(.[] | select(bad and .at == "fib")) |= del(.comm)
dns-servfail.before.k8s02|a missing finding about answers|map(select(.type != "finding"))
dns-servfail.before.k8s02|another cause of failing answers|(first(.[] | select(.type == "finding")) | .because) += [{"cause": "no-listener", "confidence": "likely"}]
dns-servfail.before.k8s02|answers that do not add up|(first(.[] | select(.type == "finding")) | .verdicts.delivered) += 1
dns-nxdomain.before.k8s02|a finding about good answers|. + [{v: 1, type: "finding", node: "k8s02", id: 1, verdict: "delivered", packets: 5, verdicts: {delivered: 5}, apps: {dns: 5}, cause: "dns-upstream", because: [{cause: "dns-upstream"}]}]
healthy.before.k8s02|a problem over healthy traffic|(first(.[] | select(good)) | .verdict) = "martian"
healthy.before.k8s02|silence over healthy traffic|map(select(.type != "packet"))
END

# The written scoreboard takes what was measured since, and nothing else
merged() { jq -nr --rawfile old "$here/scoreboard.md" --arg new "$1" -f "$here/scoreboard_merge.jq"; }
board=$(<"$here/scoreboard.md")
new=$(sed -E 's/^(\| incident \|.*\| )[^|]*, ([^|]*) \|$/\1wrong, · |/; /^\| \*\*wrong\*\*/s/[0-9]+, [0-9]+/·, ·/g' <<<"$board")
want=$(sed -E 's/^(\| incident \|.*\| )[^|]*, ([^|]*) \|$/\1wrong, \2 |/' <<<"$board")
if [ "$(merged "$board")" = "$board" ]; then
	ok "selftest scoreboard: merged with itself it is itself"
else
	fail "selftest scoreboard" "expected a table merged with itself to be the same, saw $(diff <(merged "$board") <(echo "$board") | head -n 3)"
fi
if [ "$new" != "$board" ] && [ "$(merged "$new" | grep '^| incident |')" = "$(grep '^| incident |' <<<"$want")" ]; then
	ok "selftest scoreboard: what was not run stays as it was"
else
	fail "selftest scoreboard" "expected $(grep '^| incident |' <<<"$want"), saw $(merged "$new" | grep '^| incident |')"
fi
