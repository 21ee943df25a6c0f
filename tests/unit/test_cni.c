// SPDX-License-Identifier: GPL-2.0-only
/* Pods by CNI's cached results and by Felix' status files: the texts, then the directories. */
#include "state_fixture.h"

#include "cni.h"
#include "sha1.h"

/* As libcni of containerd 1.7 and Calico v3.27 leave it, less what is long */
static const char result[] =
	"{\"kind\":\"cniCacheV1\",\"containerId\":\"0123abc\",\"config\":\"eyJuYW1lIjoiayJ9\","
	"\"ifName\":\"eth0\",\"networkName\":\"k8s-pod-network\","
	"\"netns\":\"/var/run/netns/cni-1\","
	"\"cniArgs\":[[\"IgnoreUnknown\",\"1\"],[\"K8S_POD_NAMESPACE\",\"default\"],"
	"[\"K8S_POD_NAME\",\"web-0\"],[\"K8S_POD_INFRA_CONTAINER_ID\",\"0123abc\"],"
	"[\"K8S_POD_UID\",\"5b0a\"]],\"capabilityArgs\":{\"dns\":{},\"bandwidth\":18446744073709551616},"
	"\"result\":{\"cniVersion\":\"0.3.1\",\"dns\":{},\"interfaces\":["
	"{\"name\":\"eth0\",\"mac\":\"0a:00:00:00:00:01\",\"sandbox\":\"/var/run/netns/cni-1\"},"
	"{\"name\":\"cali0123456789a\"}],"
	"\"ips\":[{\"version\":\"4\",\"interface\":0,\"address\":\"10.1.65.67/32\"},"
	"{\"version\":\"6\",\"address\":\"2001:db8::43/128\"}],"
	"\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}}";

/* In a buffer without a byte to spare */
static int parse(const char *text, size_t len, struct cni_pod *out)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, text, len);
	err = cni_parse_result(copy, len, out);
	free(copy);
	return err;
}

static void test_result(void **state)
{
	struct cni_pod pod;
	char dev[DEV_LEN];

	(void)state;
	pod_dev_name("default", "web-0", dev);
	assert_int_equal(parse(result, strlen(result), &pod), 0);
	assert_string_equal(pod.name, "default/web-0");
	assert_string_equal(pod.expected, dev);
	assert_int_equal(pod.devs, 1);
	assert_string_equal(pod.dev[0], "cali0123456789a");
	assert_int_equal(pod.addrs, 2);
	assert_addr(pod.addr[0], "10.1.65.67");
	assert_addr(pod.addr[1], "2001:db8::43");
}

static void test_verified(void **state)
{
	struct cni_pod pod = { .expected = "cali0123456789a" };

	(void)state;
	assert_true(cni_verified(&pod, "cali0123456789a"));
	assert_true(cni_verified(&pod, "azv0123456789a"));
	assert_false(cni_verified(&pod, "cali0123456789b"));
	assert_false(cni_verified(&pod, "6789a"));
	assert_false(cni_verified(&pod, ""));
	assert_false(cni_verified(&(struct cni_pod){ .expected = "cali" }, "eth0"));
}

#define ARGS(ns, name) \
	"\"cniArgs\":[[\"K8S_POD_NAMESPACE\",\"" ns "\"],[\"K8S_POD_NAME\",\"" name "\"]]"
#define IPS "\"ips\":[{\"address\":\"10.1.65.67/32\"}]"

static void test_results_that_are_none(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", -EBADMSG },
		{ "[]", -EBADMSG },
		{ "{} {}", -EBADMSG },
		{ "null", -EBADMSG },
		{ "{\"a\":\"\\u0000\"}", -EBADMSG },
		{ "{\"a\":1e999}", -EBADMSG },
		/* a bare result of before libcni 0.8 */
		{ "{\"cniVersion\":\"0.3.1\",\"interfaces\":[{\"name\":\"cali1\"}]," IPS "}",
		  -ENOENT },
		{ "{\"kind\":7," ARGS("a", "b") "}", -ENOENT },
		{ "{\"kind\":\"cniCacheV2\"," ARGS("a", "b") "}", -ENOENT },
		{ "{\"kind\":\"cniCacheV1\",\"cniArgs\":[[],[1,2],7,[\"K8S_POD_NAME\"]]}",
		  -ENOENT },
		{ "{\"kind\":\"cniCacheV1\"," ARGS("", "b") ",\"result\":{" IPS "}}", -EBADMSG },
		{ "{\"kind\":\"cniCacheV1\"," ARGS("a", "b/c") ",\"result\":{" IPS "}}", -EBADMSG },
		{ "{\"kind\":\"cniCacheV1\"," ARGS("a", "\\u001b[1m") ",\"result\":{" IPS "}}",
		  -EBADMSG },
		/* the loopback's, and results of other shapes */
		{ "{\"kind\":\"cniCacheV1\"," ARGS("a", "b") ",\"result\":{}}", -ENOENT },
		{ "{\"kind\":\"cniCacheV1\"," ARGS("a", "b") "}", -ENOENT },
		{ "{\"kind\":\"cniCacheV1\"," ARGS(
			  "a", "b") ",\"result\":{\"ips\":[1,{},"
				    "{\"address\":\"no\"},{\"address\":\"\"}]}}",
		  -ENOENT },
	};
	struct cni_pod pod;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(parse(cases[i].text, strlen(cases[i].text), &pod), cases[i].err);
}

static void test_long_ones(void **state)
{
	char text[4096], ns[64], name[256];
	struct cni_pod pod;
	size_t i, len;

	(void)state;
	memset(ns, 'n', 63);
	memset(name, 'p', 253);
	ns[63] = name[253] = '\0';
	len = (size_t)snprintf(text, sizeof(text),
			       "{\"kind\":\"cniCacheV1\",\"cniArgs\":[[\"K8S_POD_NAME\",\"%s\"],"
			       "[\"K8S_POD_NAMESPACE\",\"%s\"]],\"result\":{\"interfaces\":["
			       "{\"name\":\"a-name-of-sixteen\"}",
			       name, ns);
	for (i = 0; i < 20; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",{\"name\":\"d%zu\"}", i);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "],\"ips\":[{}");
	for (i = 0; i < 20; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					",{\"address\":\"10.0.0.%zu/32\"}", i);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "]}}");
	assert_int_equal(parse(text, len, &pod), 0);
	assert_int_equal(strlen(pod.name), POD_LEN - 1);
	assert_int_equal(pod.devs, CNI_DEVS_MAX);
	assert_string_equal(pod.dev[0], "d0");
	assert_int_equal(pod.addrs, CNI_ADDRS_MAX);
}

static void test_status_file(void **state)
{
	static const char text[] =
		"{\"ifaceName\":\"cali1\",\"mac\":\"01:23\","
		"\"ipv4Nets\":[\"10.0.240.2/24\"],\"ipv6Nets\":[\"2001:db8::2/128\"]}";
	static const struct {
		const char *name, *text;
		int err;
	} bad[] = {
		{ "k8s default%2Fweb-0 eth0", "{", -EBADMSG },
		{ "k8s default%2Fweb-0 eth0", "{}", -EBADMSG },
		{ "k8s default%2Fweb-0 eth0", "{\"ifaceName\":7}", -EBADMSG },
		{ "k8s default%2Fweb-0", text, -EBADMSG },
		{ "k8s default eth0", text, -EBADMSG },
		{ "k8s %2F eth0", text, -EBADMSG },
		{ "k8s a%2Fb%20c eth0", text, -EBADMSG },
		{ "k8s ", text, -EBADMSG },
		{ "k8s", text, -ENOENT },
		{ "openstack a%2Fb eth0", text, -ENOENT },
		{ "", text, -ENOENT },
	};
	struct cni_pod pod;
	size_t i;

	(void)state;
	assert_int_equal(cni_parse_status("k8s default%2Fweb-0 eth0", text, strlen(text), &pod), 0);
	assert_string_equal(pod.name, "default/web-0");
	assert_string_equal(pod.dev[0], "cali1");
	assert_int_equal(pod.addrs, 2);
	assert_addr(pod.addr[0], "10.0.240.2");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cni_parse_status(bad[i].name, bad[i].text, strlen(bad[i].text),
						  &pod),
				 bad[i].err);
}

static void test_cut_and_random(void **state)
{
	size_t len = strlen(result), i, n;
	struct cni_pod pod;
	char text[2048];
	int err;

	(void)state;
	assert_true(len < sizeof(text));
	for (i = 0; i < len; i++)
		assert_int_equal(parse(result, i, &pod), -EBADMSG);
	srand(4);
	for (n = 0; n < 5000; n++) {
		memcpy(text, result, len);
		for (i = 0; i < 1 + n % 4; i++)
			text[(size_t)rand() % len] = (char)rand();
		err = parse(text, len, &pod);
		assert_true(!err || err == -EBADMSG || err == -ENOENT);
	}
}

/* ---- directories ---- */

#define RESULTS "var/lib/cni/results/"
#define CACHE "var/lib/cni/cache/results/"
#define STATUS "var/run/calico/endpoint-status/"

static void add_link(struct mirror *m, uint32_t ifindex, const char *name)
{
	struct obs_link o = { .op = LINK_ADD };
	enum link_op op;

	o.link.ifindex = ifindex;
	snprintf(o.link.name, sizeof(o.link.name), "%s", name);
	mirror__link(m, &o, 1, &op, NULL, NULL);
}

static void put_result(const struct dir *d, const char *path, const char *pod, const char *devs,
		       const char *addr)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"kind\":\"cniCacheV1\",\"cniArgs\":[[\"K8S_POD_NAMESPACE\",\"default\"],"
		 "[\"K8S_POD_NAME\",\"%s\"]],\"result\":{\"interfaces\":[%s],"
		 "\"ips\":[{\"address\":\"%s/32\"}]}}",
		 pod, devs, addr);
	put(d, path, text);
}

static int node_setup(void **state)
{
	struct mirror *m = mirror__new();
	char dev[DEV_LEN];
	struct dir *d;

	if (!m || dir_setup(state))
		return -1;
	d = *state;
	pod_dev_name("default", "web-0", dev);
	add_link(m, 5, dev);
	add_link(m, 6, "cali-other");
	add_link(m, 7, "cni0");
	add_link(m, 2, "eth0");
	d->ask.mirror = m;
	return 0;
}

static int node_teardown(void **state)
{
	struct dir *d = *state;

	mirror__free((struct mirror *)d->ask.mirror);
	return dir_teardown(state);
}

static const struct obs_pod *pod_of(const struct told *t, const char *addr)
{
	struct addr want = ip(addr);
	size_t i;

	for (i = 0; i < t->cnt; i++) {
		assert_int_equal(t->obs[i].kind, OBS_POD);
		if (addr_eq(&t->obs[i].pod.addr, &want))
			return &t->obs[i].pod;
	}
	fail_msg("no pod has %s", addr);
	return NULL;
}

static void test_pods(void **state)
{
	struct dir *d = *state;
	const struct obs_pod *p;
	char dev[DEV_LEN], devs[128];
	struct told t;

	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_ABSENT, &t);
	pod_dev_name("default", "web-0", dev);
	snprintf(devs, sizeof(devs), "{\"name\":\"cni0\"},{\"name\":\"%s\"}", dev);
	put_result(d, RESULTS "k8s-pod-network-1-eth0", "web-0", devs, "10.1.0.1");
	put_result(d, CACHE "k8s-pod-network-2-eth0", "web-1", "{\"name\":\"cali-other\"}",
		   "10.1.0.2");
	/* its device is gone; it has two and neither is its own; a loopback's */
	put_result(d, CACHE "k8s-pod-network-3-eth0", "web-2", "{\"name\":\"cali-gone\"}",
		   "10.1.0.3");
	put_result(d, CACHE "k8s-pod-network-4-eth0", "web-3",
		   "{\"name\":\"cni0\"},{\"name\":\"eth0\"}", "10.1.0.4");
	put(d, CACHE "cni-loopback-1-lo", "{");
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_OK, &t);
	assert_string_equal(t.end.detail, "");
	assert_int_equal(t.cnt, 2);
	p = pod_of(&t, "10.1.0.1");
	assert_string_equal(p->name, "default/web-0");
	assert_string_equal(p->dev, dev);
	assert_true(p->verified);
	assert_false(p->status);
	p = pod_of(&t, "10.1.0.2");
	assert_string_equal(p->dev, "cali-other");
	assert_false(p->verified);
}

static void set_mtime(const struct dir *d, const char *path, time_t s)
{
	const struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };

	assert_int_equal(utimensat(AT_FDCWD, path_in(d, path), times, 0), 0);
}

/* A pod of a StatefulSet comes back by the same name, hence with the same device. */
static void test_pod_that_came_back(void **state)
{
	struct dir *d = *state;
	struct told t;

	put_result(d, RESULTS "a", "web-1", "{\"name\":\"cali-other\"}", "10.1.0.1");
	put_result(d, RESULTS "b", "web-1", "{\"name\":\"cali-other\"}", "10.1.0.2");
	set_mtime(d, RESULTS "a", 2000);
	set_mtime(d, RESULTS "b", 1000);
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 1);
	pod_of(&t, "10.1.0.1");
	set_mtime(d, RESULTS "b", 3000);
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 1);
	pod_of(&t, "10.1.0.2");
}

static void test_files_that_are_odd(void **state)
{
	struct dir *d = *state;
	char *large = malloc(65 * 1024 + 1);
	struct told t;

	memset(large, ' ', 65 * 1024);
	large[65 * 1024] = '\0';
	put(d, RESULTS "large", large);
	free(large);
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_GARBAGE, &t);
	assert_non_null(strstr(t.end.detail, "large"));
	put_result(d, RESULTS "good", "web-1", "{\"name\":\"cali-other\"}", "10.1.0.1");
	put_result(d, "elsewhere", "web-0", "{\"name\":\"cali-other\"}", "10.1.0.9");
	/* not a link, and nobody waits for a writer */
	assert_int_equal(symlink("../../../../elsewhere", path_in(d, RESULTS "link")), 0);
	assert_int_equal(mkfifo(path_in(d, RESULTS "fifo"), 0600), 0);
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 1);
	assert_string_not_equal(t.end.detail, "");
	pod_of(&t, "10.1.0.1");
}

/* More files than anybody has: some of them count, and it ends. */
static void test_too_many_files(void **state)
{
	struct dir *d = *state;
	char path[128];
	struct told t;
	int i;

	for (i = 0; i < 4200; i++) {
		snprintf(path, sizeof(path), RESULTS "%d", i);
		put_result(d, path, "web-1", "{\"name\":\"cali-other\"}", "10.1.0.1");
	}
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 1);
	assert_non_null(strstr(t.end.detail, "var/lib/cni/results"));
}

static void test_status_files(void **state)
{
	struct dir *d = *state;
	const struct obs_pod *p;
	char text[256], dev[DEV_LEN];
	struct told t;

	ask_for(state_status, &d->ask, SOURCE_STATUS, SOURCE_ABSENT, &t);
	pod_dev_name("default", "web-0", dev);
	snprintf(text, sizeof(text), "{\"ifaceName\":\"%s\",\"ipv4Nets\":[\"10.1.0.1/32\"]}", dev);
	/* as on a node: /var/run is a link to /run, by its full name */
	put(d, "run/calico/endpoint-status/k8s default%2Fweb-0 eth0", text);
	assert_int_equal(symlink("/run", path_in(d, "var/run")), 0);
	put(d, "run/calico/endpoint-status/k8s default%2Fbroken eth0", "{\"ifa");
	ask_for(state_status, &d->ask, SOURCE_STATUS, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 1);
	p = pod_of(&t, "10.1.0.1");
	assert_string_equal(p->name, "default/web-0");
	assert_true(p->verified);
	assert_true(p->status);
	assert_non_null(strstr(t.end.detail, "broken"));
}

/* Read as somebody who may not */
static void test_denied(void **state)
{
	struct dir *d = *state;
	struct told t;

	if (geteuid()) {
		print_message("only root can become somebody else\n");
		skip();
	}
	put_result(d, RESULTS "a", "web-1", "{\"name\":\"cali-other\"}", "10.1.0.1");
	assert_int_equal(chmod(d->path, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	ask_for(state_pods, &d->ask, SOURCE_CNI, SOURCE_DENIED, &t);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(t.cnt, 0);
	assert_non_null(strstr(t.end.detail, "a: "));
}

#define NODE(test) cmocka_unit_test_setup_teardown(test, node_setup, node_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_verified),
		cmocka_unit_test(test_results_that_are_none),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_status_file),
		cmocka_unit_test(test_cut_and_random),
		NODE(test_pods),
		NODE(test_pod_that_came_back),
		NODE(test_files_that_are_odd),
		NODE(test_too_many_files),
		NODE(test_status_files),
		NODE(test_denied),
	};

	return cmocka_run_group_tests_name("cni", tests, NULL, NULL);
}
