// SPDX-License-Identifier: GPL-2.0-only
/*
 * The version and what is linked. Licences are those of the libraries as we use them: libelf is
 * "LGPL-3+ or GPL-2+", libbpf "LGPL-2.1 or BSD-2-Clause".
 */
#include "version.h"

#include <bpf/libbpf.h>
#include <curses.h>
#include <elfutils/version.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <link.h>
#include <microhttpd.h>
#include <netlink/version.h>
#include <string.h>
#include <zlib.h>

#include "opts.h"

/* Of <pcap.h>, which cannot be included beside <bpf/libbpf.h>: both define struct bpf_insn. */
extern const char *pcap_lib_version(void);

#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "arm64"
#else
#define MACHINE "another machine"
#endif

/* "libpcap version 1.10.3 (with TPACKET_V3)" */
static const char *pcap_version(char *buf, size_t sz)
{
	const char *s = strpbrk(pcap_lib_version(), "0123456789");

	snprintf(buf, sz, "%.*s", s ? (int)strcspn(s, " ,") : 0, s ? s : "");
	return buf;
}

/* A static program has no interpreter. */
static int has_interpreter(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(bool *)ctx = true;
	/* the first is the program */
	return 1;
}

void version_print(FILE *out)
{
	bool dynamic = false;
	char pcap[40];

	dl_iterate_phdr(has_interpreter, &dynamic);
	fprintf(out,
		"calitrace %s\n"
		"features: %s, " MACHINE ", IPv4; CO-RE (needs BTF of the kernel),\n"
		"          TCX and clsact, captures in pcapng, JSON lines version 1,\n"
		"          HTML reports, OpenMetrics over HTTP, seccomp sandbox\n"
		"licence:  GPL-2.0-only; there is no warranty, to the extent permitted by law\n"
		"%s\n",
		CALITRACE_VERSION, dynamic ? "dynamic" : "static", dynamic ? "uses:" : "contains:");
	fprintf(out, "  libbpf %u.%u (LGPL-2.1 or BSD-2-Clause)\n", libbpf_major_version(),
		libbpf_minor_version());
	fprintf(out, "  libelf 0.%d (LGPL-3+ or GPL-2+)\n", _ELFUTILS_VERSION);
	fprintf(out, "  zlib %s (Zlib)\n", zlibVersion());
	fprintf(out, "  libnl-3, libnl-route-3 %s (LGPL-2.1)\n", LIBNL_VERSION);
	fprintf(out, "  libpcap %s (BSD-3-Clause)\n", pcap_version(pcap, sizeof(pcap)));
	fprintf(out, "  jansson %s (MIT)\n", JANSSON_VERSION);
	fprintf(out, "  libmicrohttpd %s (LGPL-2.1+)\n", MHD_get_version());
	fprintf(out, "  libncursesw, libtinfo %s (X11)\n", NCURSES_VERSION);
	fprintf(out, "  glibc %s (LGPL-2.1+)\n", gnu_get_libc_version());
}
