/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of the contract. Strings are borrowed from argv, which must
 * outlive struct opts.
 */
#ifndef CALITRACE_OPTS_H
#define CALITRACE_OPTS_H

#include <stdio.h>

#include "filter.h"
#include "model.h"

#ifndef CALITRACE_VERSION
#define CALITRACE_VERSION "0.1"
#endif

enum command {
	CMD_NONE,
	CMD_LIVE,
	CMD_CAPTURE,
	CMD_SHOW,
	CMD_DIFF,
	CMD_REPORT,
	CMD_CHECK,
	CMD_METRICS,
	CMD_DOCTOR,
	CMD_MAX,
};

enum output {
	OUTPUT_TEXT,
	OUTPUT_JSON
};

#define MAX_IFACE_GLOBS 64
#define MAX_FILES 256
#define SNAPLEN_MIN 64
/* A capture ends at that size unless -d, -c or -C says when. */
#define CAPTURE_MAX (1ull << 30)
/* IANA's, and Calico's default (felix VXLANPort) */
#define VXLAN_PORT 4789

/* --since, --until: a point of time as the user names it */
enum when_kind {
	WHEN_UNSET,
	WHEN_OFFSET, /* ns after the capture's start */
	WHEN_CLOCK,  /* ns after midnight UTC, of the day of the capture's start or the one after */
	WHEN_WALL    /* ns since the epoch */
};
struct when {
	enum when_kind kind;
	int64_t ns;
};

struct opts {
	enum command command;
	uint64_t duration_ns; /* 0: until a signal */
	uint64_t count;	      /* stop after so many problems; 0: never */
	bool iface_default;   /* the contract's default set: no -i, or -i any among them */
	const char *iface[MAX_IFACE_GLOBS]; /* globs, without `any` */
	uint32_t iface_cnt;
	struct pool pool[MAX_POOLS]; /* from FROM_OPTION; POOL_UNKNOWN: no =mode given */
	uint32_t pool_cnt;
	const char *netns;     /* name or path; NULL: own */
	const char *host_root; /* never NULL */
	const char *node;      /* NULL: to be found out */
	uint64_t reply_timeout_ns;
	enum output output;
	bool no_bird, all, exit_code, quiet, verbose, numeric;
	bool clean;   /* doctor */
	bool strict;  /* check */
	bool sandbox; /* show, diff, report: as main() runs them, see sandbox.h */
	/* --proto: EV_APP_* of bpf/events.h; with a FILTER that names protocols, what it asks for */
	uint32_t apps;
	uint16_t dns_port[FILTER_DNS_PORTS]; /* host order, 0: unset */
	char filter[FILTER_LEN];	     /* FILTER, its words joined by blanks; "": none */
	const char *pod;		     /* --pod, as given; NULL: none */
	char pod_dev[DEV_LEN];		     /* the interface that it means; "": an address */
	struct addr pod_addr;		     /* the address that it is; family 0: an interface */
	char **program;			     /* NULL-terminated, what follows `--`; NULL: none */
	const char *file[MAX_FILES];	     /* show, diff, report: files, directories, "-" */
	uint32_t file_cnt;
	const char *baseline[MAX_FILES];
	uint32_t baseline_cnt;
	const char *listen;  /* metrics: ADDR:PORT */
	const char *write;   /* -w; NULL: none */
	bool force;	     /* -w may replace a file */
	bool top;	     /* live: a full screen */
	bool snapshot;	     /* capture -d 0: the node's state alone */
	uint32_t snaplen;    /* octets of a packet, from the innermost IP header on */
	uint64_t file_bytes; /* -C; 0: no rotation */
	uint64_t file_max;   /* -W; 0: no limit */
	struct when since, until;
	uint64_t verdicts; /* --verdict: 1 << enum verdict; 0: all */
	bool summary, timeline, packets;
	bool proto_given; /* --proto, or a FILTER that names protocols */
	bool timeout_given;
};

/*
 * 0; 1 if help or the version was asked for and stands on stdout (exit 0); -EINVAL after one line
 * on err that says what is wrong, on which word, and what to do (no argument at all: the usage).
 * out is meaningful only after 0.
 */
int opts_parse(int argc, char **argv, struct opts *out, FILE *err);

/* What FILTER, --pod, --dns-port ask filter__new() for; borrows from o */
struct filter_opts opts_filter(const struct opts *o);

/* ---- help.c ---- */

/* The command's word, "?" for CMD_NONE; the command of a word, CMD_NONE if there is none such. */
const char *command_name(enum command c);
enum command command_find(const char *word);
#define COMMANDS_THAT_WORK \
	"'live', 'capture', 'show', 'diff', 'report', 'check', 'metrics' and 'doctor' are"
/* Whether this version can run it */
bool command_works(enum command c);

void usage_print(FILE *out);
/* CMD_NONE: the program's help */
void help_print(FILE *out, enum command c);

#endif
