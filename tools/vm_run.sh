#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run a command on another kernel, in QEMU; no KVM is needed.
#
#   tools/vm_run.sh [OPTIONS] -- COMMAND...
#
#   --kernel NAME|VERSION|PATH.deb  see tools/vm/fetch_kernel.sh (default 6.1)
#   --mem 2G  --cpus 2              the machine
#   --icount                        one processor whose clock counts instructions: what is measured
#                                   repeats to 0.1 % at any load of the host
#   --kvm                           with KVM, where it works: it is never tried unasked, since a
#                                   nested one can be there and hang
#   --timeout SECONDS               of the whole call (default 900)
#   --share DIR                     a directory of the host that the guest can write
#
# The guest sees this machine's own files with a layer in memory above them, so
# whatever is installed or built here is there, and nothing that is written
# stays, except below DIR. COMMAND runs as root in the same directory; HOME and
# the variables CALITRACE_* are handed on. Its output appears as it is written.
# Files that the caller cannot read, the guest cannot read either.
#
# Exit status: the command's; 124 on timeout; 125 if the guest did not get as
# far as running it, or died meanwhile.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

die() { echo "vm_run.sh: $*" >&2; exit 125; }
usage() { sed -n '6,16s/^# \{0,3\}//p' "$0" >&2; exit 125; }

kernel_name=6.1 mem=2G cpus=2 icount='' kvm='' limit=900 share=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) kernel_name=${2:?} && shift ;;
	--mem) mem=${2:?} && shift ;;
	--cpus) cpus=${2:?} && shift ;;
	--icount) icount=1 ;;
	--kvm) kvm=1 ;;
	--timeout) limit=${2:?} && shift ;;
	--share) share=${2:?} && shift ;;
	--)
		shift
		break
		;;
	*) usage ;;
	esac
	shift
done
[ $# -gt 0 ] || usage
command -v qemu-system-x86_64 >/dev/null || die "needs qemu-system-x86: run tools/deps.sh check test"

kernel=$("$here/vm/fetch_kernel.sh" "$kernel_name") || exit 125
release=$(cat "$kernel/release")

control=$(mktemp -d -t calitrace-vm.XXXXXX)
qemu='' timer=''
# shellcheck disable=SC2086 # empty or a number
trap '{ [ -z "$qemu$timer" ] || kill -KILL $qemu $timer || :; wait; rm -rf "$control"; } 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "$share" ]; then
	mkdir -p "$share"
	share=$(cd "$share" && pwd -P)
fi
keep_tmp=''
for dir in "$PWD" "$kernel" "$share"; do
	case $dir/ in /tmp/*) keep_tmp=1 ;; esac
done

: >"$control/stdout"
: >"$control/stderr"
{
	printf '%s=%q\n' release "$release" kernel "$kernel" directory "$PWD" share "$share" \
		home "${HOME:-/root}" keep_tmp "$keep_tmp" guest_name "vm-${release%%[-+]*}"
} >"$control/settings"
{
	for var in "${!CALITRACE_@}"; do printf 'export %s=%q\n' "$var" "${!var}"; done
	# Not exec: the command may be a shell's own word.
	printf '%q ' "$@"
	echo
} >"$control/command"
cp "$here/vm/guest.sh" "$control/guest.sh"
# The kernel takes archives one behind the other: this tree's init, and the cached rest.
mkdir "$control/init.d"
install -m 755 "$here/vm/init" "$control/init.d/init"
(cd "$control/init.d" && echo init | cpio -o -H newc --quiet -R 0:0) >"$control/initramfs"
cat "$kernel/base.cpio.gz" >>"$control/initramfs"

if [ -n "$icount" ]; then
	accel=(-accel "tcg,thread=single" -icount "shift=0,sleep=on")
	cpus=1
elif [ -n "$kvm" ]; then
	accel=(-accel kvm)
else
	accel=(-accel "tcg,thread=multi")
fi
args=(-nodefaults -no-user-config -display none -no-reboot -cpu max -smp "$cpus" -m "$mem"
	-kernel "$kernel/vmlinux" -initrd "$control/initramfs"
	-append "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests audit=0 no_timer_check"
	-serial "file:$control/console"
	-virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"
	-virtfs "local,path=$control,mount_tag=control,security_model=none")
[ -z "$share" ] || args+=(-virtfs "local,path=$share,mount_tag=share,security_model=none")

# All of it goes down with this script, even if that is killed.
tied() { exec setpriv --pdeathsig KILL "$@"; }

tied qemu-system-x86_64 "${accel[@]}" "${args[@]}" \
	</dev/null >"$control/qemu.log" 2>&1 &
qemu=$!
tied tail -s 0.05 -c +1 -f "$control/stdout" --pid=$qemu &
out=$!
tied tail -s 0.05 -c +1 -f "$control/stderr" --pid=$qemu >&2 &
err=$!
tied sleep "$limit" &
timer=$!
wait -n $qemu $timer || :
timeout=''
# The braces hide what the shell says of killed jobs.
{
	if kill -0 $timer; then
		kill -KILL $timer
	else
		timeout=1
		kill -KILL $qemu
	fi
	wait $qemu $timer || :
} 2>/dev/null
wait $out $err || :
qemu='' timer=''

if [ -e "$control/status" ]; then
	exit "$(cat "$control/status")"
fi
if [ -n "$timeout" ]; then
	echo "vm_run.sh: not done after $limit s, on kernel $release" >&2
	exit 124
fi
cat "$control/qemu.log" >&2
[ ! -s "$control/console" ] || tail -n 20 "$control/console" >&2
die "the guest died, kernel $release"
