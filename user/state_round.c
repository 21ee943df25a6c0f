// SPDX-License-Identifier: GPL-2.0-only
/* What the rounds of all sources share. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state.h"

void round_tell(const struct round *r, struct obs *o)
{
	o->ts_ns = r->ts_ns;
	r->fn(r->ctx, o);
}

void round_begin(const struct round *r)
{
	struct obs o = { .kind = OBS_SOURCE };

	o.source.id = r->id;
	o.source.begin = true;
	round_tell(r, &o);
}

enum source_state round_state(int err)
{
	switch (-err) {
	case 0:
		return SOURCE_OK;
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ESRCH:
	case EOPNOTSUPP:
		return SOURCE_ABSENT;
	case EACCES:
	case EPERM:
		return SOURCE_DENIED;
	case ETIMEDOUT:
		return SOURCE_TIMEOUT;
	case ENOBUFS:
		return SOURCE_GIVEN_UP;
	default:
		return SOURCE_GARBAGE;
	}
}

static void end(const struct round *r, enum source_state state, const char *what, int err)
{
	struct obs o = { .kind = OBS_SOURCE };

	o.source.id = r->id;
	o.source.state = state;
	if (err)
		snprintf(o.source.detail, sizeof(o.source.detail), "%s%s%s", what ? what : "",
			 what ? ": " : "", err == -EBADMSG ? "not understood" : strerror(-err));
	round_tell(r, &o);
}

int round_end(const struct round *r, int err, const char *what)
{
	end(r, round_state(err), what, err);
	return err;
}

int round_end_but(const struct round *r, const char *what, int err)
{
	end(r, SOURCE_OK, what, err);
	return 0;
}
