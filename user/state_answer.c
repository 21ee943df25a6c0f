// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions for routes, see state.h. Several go into one datagram, to which the kernel answers each
 * by itself and in order. They are few enough that all answers fit into the socket's buffer: what
 * does not is lost without a word (rtnl_unicast() does not wait).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "nlask.h"
#include "state.h"

/* An answer takes 8 KiB at most of a buffer that has 208 KiB by default. */
#define BATCH 16
/* Each question is a header, an rtmsg and one address; each answer is less than a KiB. */
#define QUESTION_SZ NLMSG_SPACE(sizeof(struct rtmsg) + RTA_SPACE(sizeof(uint32_t)))
#define ANSWER_SZ 8192

struct batch {
	struct obs_answer answer[BATCH];
	bool answered[BATCH];
	uint32_t seq; /* of the first */
	size_t cnt, left;
};

static void batch__add(struct batch *b, const struct addr *dst)
{
	b->answered[b->cnt] = false;
	b->answer[b->cnt++] = (struct obs_answer){ .dst = *dst };
}

static int batch__send(const struct batch *b, int fd)
{
	const struct rtmsg rtm = { .rtm_family = AF_INET, .rtm_dst_len = 32 };
	const struct rtattr rta = { RTA_LENGTH(sizeof(uint32_t)), RTA_DST };
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char buf[BATCH * QUESTION_SZ] = { 0 };
	size_t i;
	ssize_t n;

	for (i = 0; i < b->cnt; i++) {
		char *p = buf + i * QUESTION_SZ;
		const struct nlmsghdr nlh = {
			.nlmsg_len = QUESTION_SZ,
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = b->seq + (uint32_t)i,
		};
		uint32_t be = addr_be(&b->answer[i].dst);

		memcpy(p, &nlh, sizeof(nlh));
		memcpy(p + NLMSG_HDRLEN, &rtm, sizeof(rtm));
		p += NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtm));
		memcpy(p, &rta, sizeof(rta));
		memcpy(p + RTA_LENGTH(0), &be, sizeof(be));
	}
	do
		n = sendto(fd, buf, b->cnt * QUESTION_SZ, 0, (const struct sockaddr *)&kernel,
			   sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static struct addr attr_v4(const struct nlattr *nla)
{
	uint32_t be;

	if (!nla || nla_len(nla) != sizeof(be))
		return (struct addr){ 0 };
	memcpy(&be, nla_data(nla), sizeof(be));
	return addr_v4(be);
}

/* False: not understood */
static bool take_route(struct nlmsghdr *nlh, struct obs_answer *a)
{
	struct nlattr *tb[RTA_MAX + 1];
	struct rtmsg rtm;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(nlh, sizeof(rtm), tb, RTA_MAX, NULL) < 0)
		return false;
	memcpy(&rtm, nlmsg_data(nlh), sizeof(rtm));
	a->type = rtm.rtm_type;
	a->gw = attr_v4(tb[RTA_GATEWAY]);
	a->src = attr_v4(tb[RTA_PREFSRC] ? tb[RTA_PREFSRC] : tb[RTA_SRC]);
	if (tb[RTA_OIF] && nla_len(tb[RTA_OIF]) >= (int)sizeof(a->ifindex))
		memcpy(&a->ifindex, nla_data(tb[RTA_OIF]), sizeof(a->ifindex));
	return true;
}

static bool take_error(struct nlmsghdr *nlh, struct obs_answer *a)
{
	int code;

	if (nlmsg_datalen(nlh) < (int)sizeof(code))
		return false;
	memcpy(&code, nlmsg_data(nlh), sizeof(code));
	if (code >= 0 || code < -4095)
		return false;
	a->err = (uint16_t)-code;
	return true;
}

static int batch__take(struct batch *b, struct nlmsghdr *nlh)
{
	size_t i = nlh->nlmsg_seq - b->seq;
	bool good;

	if (i >= b->cnt || b->answered[i])
		return 0;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		good = take_error(nlh, &b->answer[i]);
	else
		good = take_route(nlh, &b->answer[i]);
	if (!good)
		return -EBADMSG;
	b->answered[i] = true;
	b->left--;
	return 0;
}

static int batch__receive(struct batch *b, int fd)
{
	uint32_t buf[ANSWER_SZ / sizeof(uint32_t)];
	struct sockaddr_nl from = { 0 };
	struct nlmsghdr *nlh;
	socklen_t len;
	int n, err = 0;

	while (b->left && !err) {
		len = sizeof(from);
		n = (int)recvfrom(fd, buf, sizeof(buf), MSG_TRUNC, (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (len != sizeof(from) || from.nl_pid)
			continue;
		if (n > (int)sizeof(buf))
			return -EMSGSIZE;
		for (nlh = (void *)buf; !err && nlmsg_ok(nlh, n); nlh = nlmsg_next(nlh, &n))
			err = batch__take(b, nlh);
	}
	return err;
}

static int ask_all(int fd, const struct addr *dst, size_t cnt, const struct round *r)
{
	struct obs o = { .kind = OBS_ANSWER };
	struct batch b = { .seq = 1 };
	size_t at = 0, i;
	int err;

	while (at < cnt) {
		b.seq += BATCH;
		for (b.cnt = 0; at < cnt && b.cnt < BATCH; at++) {
			if (dst[at].family == 4)
				batch__add(&b, &dst[at]);
		}
		b.left = b.cnt;
		err = b.cnt ? batch__send(&b, fd) : 0;
		if (!err)
			err = batch__receive(&b, fd);
		if (err)
			return err;
		for (i = 0; i < b.cnt; i++) {
			o.answer = b.answer[i];
			round_tell(r, &o);
		}
	}
	return 0;
}

int state_answer(const struct state_ask *ask, const struct addr *dst, size_t cnt, uint64_t ts_ns,
		 obs_fn fn, void *ctx)
{
	struct round r = { SOURCE_ANSWER, ts_ns, fn, ctx };
	int fd, err;

	(void)ask;
	round_begin(&r);
	err = fd = nlask__open(NETLINK_ROUTE);
	if (fd >= 0) {
		err = ask_all(fd, dst, cnt, &r);
		close(fd);
	}
	return round_end(&r, err, "routes");
}
