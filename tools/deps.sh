#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What calitrace needs of the machine, by the names of Debian's packages.
#
#   tools/deps.sh check   build|test|demo|bench   print what is missing, fail if anything is
#   tools/deps.sh install build|test|demo|bench   install what is missing (root, Debian or Ubuntu)
#
# Things are looked for by what they provide and not in dpkg's database, so that
# a tool from elsewhere counts, and so that "check" works on any distribution.
# Nothing is printed and nothing touched when all is there.

set -euo pipefail

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
PKG_CONFIG=${PKG_CONFIG:-pkg-config}

die() { echo "deps.sh: $*" >&2; exit 1; }

# KIND THING PACKAGE; kinds: cmd (in PATH), lib (pkg-config), file, static (a static program)
needs_build() {
	cat <<-'EOF'
		cmd make make
		cmd gcc gcc
		file /usr/include/stdio.h libc6-dev
		cmd clang clang
		cmd llvm-strip llvm
		cmd pkg-config pkg-config
		lib libbpf libbpf-dev
		lib libelf libelf-dev
		lib zlib zlib1g-dev
		lib libnl-3.0 libnl-3-dev
		lib libnl-route-3.0 libnl-route-3-dev
		lib jansson libjansson-dev
		lib libpcap libpcap-dev
		lib libmicrohttpd libmicrohttpd-dev
		lib ncursesw libncurses-dev
	EOF
}

needs_demo() {
	needs_build
	cat <<-'EOF'
		cmd ip iproute2
		cmd iptables iptables
		cmd ipset ipset
		cmd dnsmasq dnsmasq-base
		cmd dig bind9-dnsutils
		cmd ping iputils-ping
		cmd unshare util-linux
		cmd sysctl procps
		cmd modprobe kmod
		cmd ethtool ethtool
		cmd jq jq
	EOF
}

needs_test() {
	needs_demo
	cat <<-'EOF'
		lib cmocka libcmocka-dev
		cmd qemu-system-x86_64 qemu-system-x86
		static busybox busybox-static
		cmd cpio cpio
		cmd xz xz-utils
		cmd tcpdump tcpdump
		cmd tshark tshark
		cmd nft nftables
		cmd tmux tmux
		cmd ipvsadm ipvsadm
		cmd curl curl
		cmd dash dash
		file /usr/lib/python3/dist-packages/yaml/__init__.py python3-yaml
		file /usr/lib/python3/dist-packages/jsonschema/__init__.py python3-jsonschema
		cmd bpftool bpftool
		cmd cppcheck cppcheck
		cmd valgrind valgrind
		cmd shellcheck shellcheck
		cmd clang-format clang-format
	EOF
}

# Beyond what test needs: all of it can be done without
needs_bench() { :; }

# What can be done without, and that is said: Ubuntu has the browser in no package. bench compares
# with what there is of the others; nettrace and pwru are in no release of Debian that is as old as
# the oldest supported here, and are taken where they are installed.
wishes() {
	case $1 in
	test)
		cat <<-'EOF'
			cmd chromium chromium
			cmd kubectl kubernetes-client
			cmd zsh zsh
			cmd fish fish
			file /usr/share/bash-completion/bash_completion bash-completion
			cmd mandoc mandoc
			cmd groff groff
			cmd lintian lintian
			cmd rpmspec rpm
			cmd dpkg-shlibdeps dpkg-dev
			cmd aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
			cmd qemu-aarch64-static qemu-user-static
			file /usr/lib/python3/dist-packages/fastjsonschema python3-fastjsonschema
			file /usr/lib/python3/dist-packages/jsonschema python3-jsonschema
			cmd bpftrace bpftrace
			cmd debootstrap debootstrap
			cmd faketime faketime
		EOF
		;;
	bench)
		cat <<-'EOF'
			cmd tcpdump tcpdump
			cmd bpftrace bpftrace
			cmd perf linux-perf
		EOF
		;;
	esac
}

have() {
	local kind=$1 thing=$2 path

	case $kind in
	cmd) command -v "$thing" >/dev/null ;;
	# it exists even if what its archive alone needs does not, as below a sysroot
	lib) "$PKG_CONFIG" --exists "$thing" 2>/dev/null || [ -n "$("$PKG_CONFIG" --variable=libdir "$thing" 2>/dev/null)" ] ;;
	file) [ -e "$thing" ] ;;
	# A dynamic program names its interpreter right after the program headers.
	static) path=$(command -v "$thing") && ! head -c 4096 "$path" | grep -q 'ld-linux' ;;
	esac
}

missing_packages() {
	local kind thing package

	while read -r kind thing package; do
		have "$kind" "$thing" || echo "$package"
	done < <("needs_$1")
}

[ $# -eq 2 ] || die "usage: tools/deps.sh check|install build|test|demo|bench"
mode=$1
what=$2
case $what in build | test | demo | bench) ;; *) die "no such set of packages: $what" ;; esac

# What cannot be installed is missed by one test, which is skipped with a word on it.
install_wishes() {
	local kind thing package

	while read -r kind thing package; do
		have "$kind" "$thing" || [ "$(id -u)" -ne 0 ] ||
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2 ||
			echo "deps.sh: no $package to be had: something will be skipped" >&2
	done < <(wishes "$what")
}

mapfile -t missing < <(missing_packages "$what")
if [ ${#missing[@]} -eq 0 ]; then
	[ "$mode" != install ] || install_wishes
	exit 0
fi

install=(apt-get install -y --no-install-recommends "${missing[@]}")
case $mode in
check)
	die "missing for $what: ${missing[*]}
deps.sh: on Debian or Ubuntu, as root: ${install[*]}"
	;;
install)
	command -v apt-get >/dev/null ||
		die "missing for $what (Debian's names): ${missing[*]}"
	[ "$(id -u)" -eq 0 ] || die "missing for $what, as root: ${install[*]}"
	echo "deps.sh: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	# A foreign repository that does not answer is no reason to stop: the install decides.
	apt-get update -qq >&2 || :
	"${install[@]}" -qq >&2 || die "could not install: ${missing[*]}"
	mapfile -t missing < <(missing_packages "$what")
	[ ${#missing[@]} -eq 0 ] || die "still missing after the install: ${missing[*]}"
	install_wishes
	;;
*) die "no such mode: $mode" ;;
esac
