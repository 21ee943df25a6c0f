#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Can the judge fail? Each line below bends a good trace a little, and check.jq has to notice.
# tests/faults/selftest.sh DIR, with the traces of the incident that record.sh left there

set -euo pipefail

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

dir=$1
here=$(dirname "$0")

complaints() {
	jq -r --argjson lab "$(<"$dir/lab.json")" --argjson run "$(<"$dir/$1.run")" -f "$here/check.jq"
}

while IFS='|' read -r trace what bend; do
	[ -n "$trace" ] || continue
	bent "judge notices $what" "incident.$trace.k8s02" "$bend"
done <<'END'
before|another verdict|(first(.[] | select(.verdict == "leaked" and .type == "packet")) | .verdict) = "sent"
before|another device|(first(.[] | select(.verdict == "leaked" and .type == "packet")) | .dev) = "eth1"
before|another route|(first(.[] | select(.verdict == "leaked" and .type == "packet")) | .route.dst) = "10.0.0.0/8"
before|another block|(first(.[] | select(.verdict == "leaked" and .type == "packet")) | .block) = "10.253.0.0/26"
before|a guess instead of memory|(first(.[] | select(.verdict == "leaked" and .type == "packet")) | .block_from) = "guess"
before|a missing packet|del(first(.[] | select(.verdict == "leaked" and .type == "packet")))
before|a packet too many|. + [first(.[] | select(.type == "packet")) | .id = 9999]
before|a stray packet|. + [first(.[] | select(.type == "packet")) | .id = 9999 | .dst = "10.253.9.9"]
before|a healed packet that leaked|(first(.[] | select(.verdict == "sent" and .type == "packet")) | .verdict) = "leaked"
before|a packet without finding|del(first(.[] | select(.verdict == "leaked" and .type == "packet")).finding)
before|another finding|. + [last(.[] | select(.type == "finding")) | .id = 77 | .verdict = "filtered"]
before|a missing finding|map(select(.type != "finding"))
before|a missing cause|(.[] | select(.type == "finding") | .because) |= map(select(.cause != "bgp-down"))
before|a cause too many|(.[] | select(.type == "finding") | .because) += [{"cause": "tunnel-down", "confidence": "likely"}]
before|an invented time|(.[] | select(.type == "finding") | .because[0].since) = "2020-04-08T02:04:22.000000000Z"
before|another author|(.[] | select(.type == "finding") | .because[0].by.comm) = "ip"
before|a foreign peer|(.[] | select(.type == "finding") | .peers) += ["10.2.7.209"]
before|a missing recovery|(.[] | select(.type == "finding") | .state) = "open"
before|a loss|. + [first(.[] | select(.type == "summary")) | {v, type: "loss", node, ts, what: "ring", count: 1}]
before|a summary that does not add up|(.[] | select(.type == "summary") | .verdicts.leaked) = 1
before|a record without v|del(.[0].v)
before|another status of a pool|(.[0].pools[0].mode) = "none"
late|memory of what was before the start|(.[] | select(.type == "finding") | .because[0]) += {"since": "2026-01-01T00:00:00.000000000Z", "since_from": "seen"}
late|an owner nobody told|(.[] | select(.type == "finding") | .peers) = ["10.2.7.200"]
late|certainty without evidence|(.[] | select(.type == "finding") | .because[0].confidence) = "certain"
late|a block from history|(first(.[] | select(.type == "packet")) | .block_from) = "history"
END
