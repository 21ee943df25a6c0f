// SPDX-License-Identifier: GPL-2.0-only
/* Rounds of what confd's files and the node's own daemons say, and files below a foreign root */
#include "state_fixture.h"

#include "sources.h"
#include "within.h"

/* ---- within ---- */

static void test_within(void **state)
{
	struct dir *d = *state;
	char *text = NULL;
	size_t len;

	put(d, "a/file", "abc");
	assert_int_equal(within_read(d->path, "a/file", 3, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "abc", 3);
	free(text);
	text = NULL;
	assert_int_equal(within_read(d->path, "a/file", 2, &text, &len), -EFBIG);
	assert_int_equal(within_read(d->path, "a", 9, &text, &len), -EINVAL);
	assert_int_equal(within_read(d->path, "b", 9, &text, &len), -ENOENT);
	assert_int_equal(within_read("/nonexistent", "b", 9, &text, &len), -ENOENT);
	/* an absolute link leads to what is there below the root, and dots do not leave it */
	assert_int_equal(symlink("/a/file", path_in(d, "absolute")), 0);
	assert_int_equal(within_read(d->path, "absolute", 3, &text, &len), 0);
	free(text);
	text = NULL;
	assert_int_equal(symlink("/etc/passwd", path_in(d, "out")), 0);
	assert_int_equal(within_read(d->path, "out", 1 << 20, &text, &len), -ENOENT);
	assert_int_equal(within_read(d->path, "../../etc/passwd", 1 << 20, &text, &len), -ENOENT);
	/* nobody waits for a writer */
	assert_int_equal(mkfifo(path_in(d, "fifo"), 0600), 0);
	assert_int_equal(within_read(d->path, "fifo", 9, &text, &len), -EINVAL);
	assert_null(text);
}

static void test_within_large(void **state)
{
	struct dir *d = *state;
	size_t len, i, size = 100000;
	char *text, *in = malloc(size + 1);

	for (i = 0; i < size; i++)
		in[i] = (char)('a' + i % 23);
	in[size] = '\0';
	put(d, "file", in);
	assert_int_equal(within_read(d->path, "file", size, &text, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(text, in, size);
	free(text);
	assert_int_equal(within_read(d->path, "file", size - 1, &text, &len), -EFBIG);
	free(in);
}

/* ---- confd ---- */

#define CONF "etc/calico/confd/config/"

static const char bird_cfg[] = "router id 192.0.2.2;\n"
			       "template bgp bgp_template { local as 64512; }\n"
			       "# For peer /bgp/v1/host/node1/ip_addr_v4\n"
			       "protocol bgp Mesh_192_0_2_1 from bgp_template {\n"
			       "  neighbor 192.0.2.1 as 64512;\n"
			       "  source address 192.0.2.2;\n"
			       "}\n";

static void test_conf(void **state)
{
	struct dir *d = *state;
	struct told t;

	put(d, CONF "bird.cfg", bird_cfg);
	put(d, CONF "bird_ipam.cfg",
	    "filter calico_kernel_programming {\n"
	    "  if (net ~ 10.1.0.0/16) then { reject; } # Cluster routes are handled by Felix.\n"
	    "  accept;\n}\n");
	ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_OK, &t);
	assert_string_equal(t.end.detail, "");
	assert_int_equal(t.cnt, 2);
	assert_int_equal(t.obs[0].kind, OBS_CONF);
	assert_addr(t.obs[0].conf.router_id, "192.0.2.2");
	assert_int_equal(t.obs[0].conf.own_as, 64512);
	assert_true(t.obs[0].conf.felix_owns);
	assert_int_equal(t.obs[1].kind, OBS_CONF_PEER);
	assert_string_equal(t.obs[1].conf_peer.node, "node1");
	assert_addr(t.obs[1].conf_peer.addr, "192.0.2.1");
}

static void test_conf_without_pools(void **state)
{
	struct dir *d = *state;
	struct told t;

	put(d, CONF "bird.cfg", bird_cfg);
	ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 2);
	assert_false(t.obs[0].conf.felix_owns);
	assert_non_null(strstr(t.end.detail, "bird_ipam.cfg"));
	put(d, CONF "bird_ipam.cfg", "filter calico_kernel_programming {");
	ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_OK, &t);
	assert_string_equal(t.end.detail, "bird_ipam.cfg: not understood");
}

static void test_conf_that_is_none(void **state)
{
	struct dir *d = *state;
	struct told t;

	assert_int_equal(ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_ABSENT, &t), -ENOENT);
	assert_int_equal(t.cnt, 0);
	assert_non_null(strstr(t.end.detail, "bird.cfg"));
	/* what is cut in the middle tells nothing at all */
	put(d, CONF "bird.cfg",
	    "router id 192.0.2.2; protocol bgp a { neighbor 192.0.2.1 as 1; }"
	    "protocol bgp b {");
	assert_int_equal(ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_GARBAGE, &t), -EBADMSG);
	assert_int_equal(t.cnt, 0);
	assert_string_equal(t.end.detail, "bird.cfg: not understood");
}

/* ---- processes ---- */

/* A process of a made-up /proc; those with the same `ns` share their network namespace. */
static void put_proc(struct dir *d, uint32_t pid, const char *comm, const char *ns,
		     const char *stat_text)
{
	char path[64], target[128];

	put(d, ns, "");
	snprintf(path, sizeof(path), "proc/%u/comm", pid);
	put(d, path, comm);
	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	put(d, path, stat_text);
	snprintf(target, sizeof(target), "%s/%s", d->path, ns);
	snprintf(path, sizeof(path), "proc/%u/ns/net", pid);
	assert_int_equal(symlink(target, path_in(d, path)), 0);
}

static void enter_netns(struct dir *d, const char *ns)
{
	struct stat st;

	assert_int_equal(stat(path_in(d, ns), &st), 0);
	d->ask.netns_inum = (uint32_t)st.st_ino;
}

/* A container's files are read through its process, if they are there. */
static void test_conf_of_a_container(void **state)
{
	struct dir *d = *state;
	struct told t;

	put(d, CONF "bird.cfg", bird_cfg);
	put_proc(d, 1, "bird\n", "ns1", "");
	put_proc(d, 2, "bird\n", "ns2", "");
	put(d, "proc/1/root/" CONF "bird.cfg", "router id 192.0.2.1;");
	put(d, "proc/2/root/etc/nothing", "");
	enter_netns(d, "ns1");
	ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_OK, &t);
	assert_addr(t.obs[0].conf.router_id, "192.0.2.1");
	enter_netns(d, "ns2");
	ask_for(state_conf, &d->ask, SOURCE_CONF, SOURCE_OK, &t);
	assert_addr(t.obs[0].conf.router_id, "192.0.2.2");
}

static void test_proc(void **state)
{
	static const char rest[] = "S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0";
	struct dir *d = *state;
	uint64_t start[4] = { 0 };
	char stat_text[128];
	struct told t;
	size_t i;

	snprintf(stat_text, sizeof(stat_text), "10 (bird) %s 1000000000 1 2 3\n", rest);
	put_proc(d, 10, "bird\n", "ns1", stat_text);
	snprintf(stat_text, sizeof(stat_text), "11 (a) b (c) d) %s 1000000150 1 2 3\n", rest);
	put_proc(d, 11, "calico-node\n", "ns1", stat_text);
	put_proc(d, 12, "bird6\n", "ns1", "12 (bird6) S 1 2");
	put_proc(d, 13, "bird\n", "ns2", stat_text);
	put_proc(d, 14, "birdc\n", "ns1", stat_text);
	put(d, "proc/15/comm", "bird\n");
	put(d, "proc/self/comm", "bird\n");
	enter_netns(d, "ns1");
	ask_for(state_proc, &d->ask, SOURCE_PROC, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 3);
	for (i = 0; i < t.cnt; i++) {
		assert_int_equal(t.obs[i].kind, OBS_PROC);
		assert_in_range(t.obs[i].proc.pid, 10, 12);
		start[t.obs[i].proc.pid - 10] = t.obs[i].proc.start_ns;
		if (t.obs[i].proc.pid == 11)
			assert_string_equal(t.obs[i].proc.comm, "calico-node");
	}
	assert_true(start[0] > 0);
	assert_int_equal(start[1] - start[0], 1500 * NS_PER_MS);
	assert_int_equal(start[2], 0);
}

static void test_proc_that_is_none(void **state)
{
	struct dir *d = *state;
	struct told t;

	d->ask.netns_inum = 1;
	assert_int_equal(ask_for(state_proc, &d->ask, SOURCE_PROC, SOURCE_ABSENT, &t), -ENOENT);
	put(d, "proc/1/comm", "bird\n");
	ask_for(state_proc, &d->ask, SOURCE_PROC, SOURCE_OK, &t);
	assert_int_equal(t.cnt, 0);
	/* without the namespace nobody's daemon is known to be the node's */
	d->ask.netns_inum = 0;
	assert_int_equal(ask_for(state_proc, &d->ask, SOURCE_PROC, SOURCE_GARBAGE, &t), -EINVAL);
}

static bool keep_proc(void *ctx, const struct obs_proc *proc)
{
	struct obs_proc *out = ctx;

	if (proc->pid == (uint32_t)getpid())
		*out = *proc;
	return true;
}

/* This very process: it started before now, and after the machine. */
static void test_proc_of_this_kernel(void **state)
{
	char comm[COMM_LEN];
	const char *const comms[] = { comm, NULL };
	struct obs_proc me = { 0 };
	struct stat st;

	(void)state;
	proc_comm("/", (uint32_t)getpid(), comm);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(proc_each("/", (uint32_t)st.st_ino, comms, keep_proc, &me), 0);
	assert_int_equal(me.pid, getpid());
	assert_string_equal(me.comm, comm);
	assert_true(me.start_ns > 0);
	assert_true(me.start_ns <= mono_ns());
	assert_true(me.start_ns + 3600 * NS_PER_S > mono_ns());
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, dir_setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES(test_within),
		FILES(test_within_large),
		FILES(test_conf),
		FILES(test_conf_without_pools),
		FILES(test_conf_that_is_none),
		FILES(test_conf_of_a_container),
		FILES(test_proc),
		FILES(test_proc_that_is_none),
		cmocka_unit_test(test_proc_of_this_kernel),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
