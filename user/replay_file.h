/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of a replay: each read as far as its META says what it is, then, when its turn comes,
 * from its beginning to its end. For user/replay*.c alone.
 */
#ifndef CALITRACE_REPLAY_FILE_H
#define CALITRACE_REPLAY_FILE_H

#include "capfile.h"

struct saved_item {
	struct cap_item item; /* its block and words are ours */
	void *block;
};

struct replay_file {
	char *path;
	uint64_t size;	   /* octets; 0: not known, as of a pipe */
	struct capr *capr; /* NULL: closed until its turn */
	bool opened;	   /* its turn came */
	struct cap_meta meta;
	char **argv;		  /* meta's */
	struct saved_item *saved; /* what was read to find META, META included */
	uint32_t saved_cnt, saved_next;
	bool rotated; /* END was read, and says that the run goes on in another file */
};

struct replay_files {
	struct replay_file **file;
	uint32_t cnt;
};

/*
 * Opens what the words name: files, directories of *.pcapng in the order of their names, "-".
 * 0, or -errno with one line in why.
 */
int replay_files__open(struct replay_files *fs, const char *const *word, uint32_t cnt, char *why,
		       size_t why_sz);
void replay_files__free(struct replay_files *fs);
/* Until its turn comes, a file that can be opened again need not be open. */
void replay_file__park(struct replay_file *f);
/* As capr__next(), from the first block on */
int replay_file__next(struct replay_file *f, const struct cap_item **item, char *why,
		      size_t why_sz);
/* As capr__next_packet(), once the file's turn has come */
static inline const struct cap_item *replay_file__next_packet(struct replay_file *f)
{
	return f->opened && f->capr && f->saved_next == f->saved_cnt ? capr__next_packet(f->capr) :
								       NULL;
}
void replay_file__close(struct replay_file *f);
/* Octets consumed of a file whose turn came, as far as it is open */
uint64_t replay_file__position(const struct replay_file *f);

#endif
