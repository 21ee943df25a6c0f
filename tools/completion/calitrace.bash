# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of calitrace for bash. Commands and options are asked of the program itself, so they
# are those of the version that is installed.

# _calitrace_options COMMAND: one a line
_calitrace_options() {
	"$_calitrace_program" help "$1" 2>/dev/null |
		sed -nE '/^  (-|    --)/{ s/^(.{24}).*/\1/; s/ -- .*//; p; }' | grep -oE -- '--?[A-Za-z][a-z-]*'
}

# _calitrace_pods ROOT: NAMESPACE/NAME of each pod of this node that CNI knows
_calitrace_pods() {
	cat "${1%/}"/var/lib/cni/results/* "${1%/}"/var/lib/cni/cache/results/* 2>/dev/null |
		tr -d ' \n' | grep -oE '"K8S_POD_NAMESPACE","[a-z0-9.-]+"\],\["K8S_POD_NAME","[a-z0-9.-]+"' |
		sed -E 's/^[^,]*,"([^"]*)".*,"([^"]*)"$/\1\/\2/' | sort -u
}

# _calitrace_list WORD...: $cur is a list that commas divide
_calitrace_list() {
	local head=

	[[ $cur != *,* ]] || head=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$head" -W "$*" -- "${cur##*,}")
	compopt -o nospace
}

_calitrace_value() {
	case $1 in
	-i | --iface) mapfile -t COMPREPLY < <(compgen -W "any $(ls /sys/class/net 2>/dev/null)" -- "$cur") ;;
	--pod) mapfile -t COMPREPLY < <(compgen -W "$(_calitrace_pods "$root")" -- "$cur") ;;
	--verdict)
		_calitrace_list delivered sent leaked no-route blackhole unreachable prohibit rp-filter martian \
			forwarding-off filtered allowlist neigh-failed tunnel-error wrong-nexthop link-down too-big \
			ttl no-socket overload unanswered other
		;;
	--proto) _calitrace_list dns icmp tcp ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur") ;;
	--on-loss) mapfile -t COMPREPLY < <(compgen -W 'warn exit' -- "$cur") ;;
	--netns)
		mapfile -t COMPREPLY < <(compgen -W "$(ls /run/netns 2>/dev/null)" -- "$cur"; compgen -f -- "$cur")
		;;
	--host-root) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	-w | --baseline) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-d | --duration) mapfile -t COMPREPLY < <(compgen -W '30s 1m 5m 1h' -- "$cur") ;;
	# what only its user knows
	-c | --count | --pool | --node | --reply-timeout | --dns-port | -s | -C | -W | -f | --since | --until | --listen) ;;
	*) return 1 ;;
	esac
}

_calitrace() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} root=/ i
	local _calitrace_program=${COMP_WORDS[0]}

	COMPREPLY=()
	# "=" is a word of its own to bash: --pod=default/...
	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'live capture show diff check report metrics doctor help --help --version' -- "$cur")
		return
	fi
	if [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'live capture show diff check report metrics doctor' -- "$cur")
		return
	fi
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--host-root) root=${COMP_WORDS[i + 1]} ;;
		# what follows is another program's
		--)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -c -- "$cur"; compgen -f -- "$cur")
			return
			;;
		esac
	done
	! _calitrace_value "$prev" || return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_calitrace_options "$command")" -- "$cur")
		return
	fi
	case $command in
	show | diff | report)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.pcap*' -- "$cur")
		;;
	# the first words of a FILTER
	live | capture)
		mapfile -t COMPREPLY < <(compgen -W 'host net port src dst udp tcp icmp and or not' -- "$cur")
		;;
	esac
}

complete -F _calitrace calitrace
