# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of calitrace for fish. Options are asked of the program itself, so they are those of the
# version that is installed.

function __calitrace_words --description 'the words before the cursor'
	commandline -opc
end

function __calitrace_command --description 'the command, if it is given'
	set -l words (__calitrace_words)
	test (count $words) -ge 2; and echo $words[2]
end

function __calitrace_is --description 'is the command one of these, and no program begun?'
	contains -- -- (__calitrace_words)[2..-1]; and return 1
	contains -- (__calitrace_command) $argv
end

function __calitrace_after --description 'is the word before the cursor one of these?'
	set -l words (__calitrace_words)
	test (count $words) -ge 3; and contains -- $words[-1] $argv
end

function __calitrace_root
	set -l words (__calitrace_words)
	set -l at (contains -i -- --host-root $words); and echo $words[(math $at + 1)]
end

function __calitrace_options
	set -l words (__calitrace_words)
	test (count $words) -ge 2; or return
	$words[1] help $words[2] 2>/dev/null |
		sed -nE '/^  (-|    --)/{ s/^(.{24}).*/\1/; s/ -- .*//; p; }' | grep -oE -- '--?[A-Za-z][a-z-]*'
end

function __calitrace_pods --description 'NAMESPACE/NAME of each pod of this node that CNI knows'
	set -l root (__calitrace_root)
	set -l files $root/var/lib/cni/results/* $root/var/lib/cni/cache/results/*
	test (count $files) -gt 0; or return
	cat $files 2>/dev/null | tr -d ' \n' |
		grep -oE '"K8S_POD_NAMESPACE","[a-z0-9.-]+"\],\["K8S_POD_NAME","[a-z0-9.-]+"' |
		sed -E 's/^[^,]*,"([^"]*)".*,"([^"]*)"$/\1\/\2/' | sort -u
end

function __calitrace_list --description 'words behind what stands before the last comma'
	set -l head (string replace -r '[^,]*$' '' -- (commandline -ct))
	printf "$head%s\n" $argv
end

function __calitrace_value --description 'of the option before the cursor'
	switch (__calitrace_words)[-1]
		case -i --iface
			printf '%s\n' any (command ls /sys/class/net 2>/dev/null)
		case --pod
			__calitrace_pods
		case --verdict
			__calitrace_list delivered sent leaked no-route blackhole unreachable prohibit rp-filter martian \
				forwarding-off filtered allowlist neigh-failed tunnel-error wrong-nexthop link-down too-big \
				ttl no-socket overload unanswered other
		case --proto
			__calitrace_list dns icmp tcp
		case -o --output
			printf '%s\n' text json
		case --on-loss
			printf '%s\n' warn exit
		case --netns
			command ls /run/netns 2>/dev/null
			__fish_complete_path (commandline -ct)
		case --host-root
			__fish_complete_directories (commandline -ct)
		case -w --baseline
			__fish_complete_path (commandline -ct)
		case -d --duration
			printf '%s\n' 30s 1m 5m 1h
	end
end

set -l commands live capture show diff check report metrics doctor
set -l valued -i --iface --pod --verdict --proto -o --output --on-loss --netns --host-root -w --baseline -d \
	--duration -c --count --pool --node --reply-timeout --dns-port -s -C -W -f --since --until --listen
set -l free "__calitrace_is $commands; and not __calitrace_after $valued"

complete -c calitrace -f
complete -c calitrace -n 'not __calitrace_command' -a "$commands help --help --version"
complete -c calitrace -n '__calitrace_is help' -a "$commands"
complete -c calitrace -n "__calitrace_is $commands; and __calitrace_after $valued" -a '(__calitrace_value)'
complete -c calitrace -n "$free; and string match -q -- '-*' (commandline -ct)" -a '(__calitrace_options)'
complete -c calitrace -n "__calitrace_is show diff report; and not __calitrace_after $valued" \
	-a '(__fish_complete_suffix .pcapng)'
complete -c calitrace -n "__calitrace_is live capture; and not __calitrace_after $valued" \
	-a 'host net port src dst udp tcp icmp and or not'
complete -c calitrace -n 'contains -- -- (__calitrace_words)[2..-1]' -a '(__fish_complete_subcommand)'
