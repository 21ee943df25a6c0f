/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `show`, `diff` and `report` can do no more, whatever a capture makes of them: the kernel refuses
 * (seccomp) network, programs, processes, and files but for reading. What is open stays open.
 */
#ifndef CALITRACE_SANDBOX_H
#define CALITRACE_SANDBOX_H

#include <stdbool.h>

/*
 * For the whole process, and for good; also sets no_new_privs. To be called once everything that is
 * written to is open. 0, or -EOPNOTSUPP: this kernel has no seccomp, or a sanitizer needs more
 * than is allowed here, and nothing has changed; or -errno.
 */
int sandbox_enter(void);
/*
 * The same for who traces a node, or audits it: it goes on asking the kernel, and BIRD by its socket, but
 * runs no program and enters no namespace. writes: files may be made by name (-w).
 */
int sandbox_enter_tracing(bool writes);
/* As without writes; and connections may be taken at sockets that listen already (metrics). */
int sandbox_enter_serving(void);
/* Whether it would work here; changes nothing */
bool sandbox_works(void);

#endif
