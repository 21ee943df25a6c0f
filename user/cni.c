// SPDX-License-Identifier: GPL-2.0-only
#include "cni.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "sha1.h"

/* The names that Kubernetes allows: longer or other ones come from somewhere else. */
#define NS_MAX 63
#define NAME_MAX_LEN 253
/* What is looked at of a list that ought to have a few entries */
#define LIST_MAX 64

static json_t *load(const char *text, size_t len)
{
	json_error_t why;

	/* A number that does not fit is not the end of it: none of them is read. */
	return json_loadb(text, len, JSON_DECODE_INT_AS_REAL, &why);
}

static bool is_name(const char *s, size_t max)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return len && len <= max && !s[len];
}

static int set_name(struct cni_pod *out, const char *ns, const char *name)
{
	if (!ns || !name || !is_name(ns, NS_MAX) || !is_name(name, NAME_MAX_LEN))
		return -EBADMSG;
	snprintf(out->name, sizeof(out->name), "%s/%s", ns, name);
	pod_dev_name(ns, name, out->expected);
	return 0;
}

/* "10.253.65.67/32": the length says nothing, and is some other's in a few versions. */
static void add_addr(struct cni_pod *out, const char *text)
{
	char buf[ADDR_STRLEN];
	size_t len = text ? strcspn(text, "/") : 0;

	if (!len || len >= sizeof(buf) || out->addrs == CNI_ADDRS_MAX)
		return;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (!addr_parse(buf, &out->addr[out->addrs]))
		out->addrs++;
}

static void add_dev(struct cni_pod *out, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (!len || len >= DEV_LEN || out->devs == CNI_DEVS_MAX)
		return;
	memcpy(out->dev[out->devs++], name, len + 1);
}

/* [["K8S_POD_NAME", "web-0"], ...]; NULL: not among them */
static const char *arg_of(const json_t *args, const char *key)
{
	const char *k;
	size_t i;

	for (i = 0; i < json_array_size(args) && i < LIST_MAX; i++) {
		k = json_string_value(json_array_get(json_array_get(args, i), 0));
		if (k && !strcmp(k, key))
			return json_string_value(json_array_get(json_array_get(args, i), 1));
	}
	return NULL;
}

/* The end in the pod has a sandbox; that of the node has none. */
static void read_result(const json_t *result, struct cni_pod *out)
{
	const json_t *list = json_object_get(result, "interfaces"), *one;
	const char *sandbox;
	size_t i;

	for (i = 0; i < json_array_size(list) && i < LIST_MAX; i++) {
		one = json_array_get(list, i);
		sandbox = json_string_value(json_object_get(one, "sandbox"));
		if (!sandbox || !*sandbox)
			add_dev(out, json_string_value(json_object_get(one, "name")));
	}
	list = json_object_get(result, "ips");
	for (i = 0; i < json_array_size(list) && i < LIST_MAX; i++) {
		one = json_array_get(list, i);
		add_addr(out, json_string_value(json_object_get(one, "address")));
	}
}

int cni_parse_result(const char *text, size_t len, struct cni_pod *out)
{
	json_t *root = load(text, len);
	const char *kind, *ns, *name;
	const json_t *args;
	int err = -ENOENT;

	memset(out, 0, sizeof(*out));
	if (!json_is_object(root)) {
		json_decref(root);
		return -EBADMSG;
	}
	kind = json_string_value(json_object_get(root, "kind"));
	args = json_object_get(root, "cniArgs");
	ns = arg_of(args, "K8S_POD_NAMESPACE");
	name = arg_of(args, "K8S_POD_NAME");
	if (kind && !strcmp(kind, "cniCacheV1") && ns && name)
		err = set_name(out, ns, name);
	if (!err)
		read_result(json_object_get(root, "result"), out);
	/* the loopback's names the pod as well */
	if (!err && !out->addrs)
		err = -ENOENT;
	json_decref(root);
	return err;
}

/* "k8s NS%2FNAME eth0": Go's url.PathEscape of each part; a pod's name needs it for the slash alone */
static int parse_status_name(const char *file, struct cni_pod *out)
{
	const char *ns = strchr(file, ' '), *slash, *end;
	char ns_text[NS_MAX + 1], name_text[NAME_MAX_LEN + 1];
	size_t ns_len, len;

	if (!ns || strncmp(file, "k8s ", 4) != 0)
		return -ENOENT;
	ns++;
	slash = strstr(ns, "%2F");
	end = strchr(ns, ' ');
	if (!slash || !end || slash > end)
		return -EBADMSG;
	ns_len = (size_t)(slash - ns);
	len = (size_t)(end - slash - 3);
	if (ns_len >= sizeof(ns_text) || len >= sizeof(name_text))
		return -EBADMSG;
	memcpy(ns_text, ns, ns_len);
	ns_text[ns_len] = '\0';
	memcpy(name_text, slash + 3, len);
	name_text[len] = '\0';
	return set_name(out, ns_text, name_text);
}

int cni_parse_status(const char *name, const char *text, size_t len, struct cni_pod *out)
{
	static const char *const families[] = { "ipv4Nets", "ipv6Nets" };
	const json_t *nets;
	json_t *root;
	size_t f, i;
	int err;

	memset(out, 0, sizeof(*out));
	err = parse_status_name(name, out);
	if (err)
		return err;
	root = load(text, len);
	if (json_is_object(root))
		add_dev(out, json_string_value(json_object_get(root, "ifaceName")));
	for (f = 0; f < 2 && out->devs; f++) {
		nets = json_object_get(root, families[f]);
		for (i = 0; i < json_array_size(nets) && i < LIST_MAX; i++)
			add_addr(out, json_string_value(json_array_get(nets, i)));
	}
	json_decref(root);
	return out->devs ? 0 : -EBADMSG;
}

bool cni_verified(const struct cni_pod *pod, const char *dev)
{
	/* "cali" and eleven digits */
	const char *digits = pod->expected + 4;
	size_t len = strlen(dev), want = strlen(digits);

	return want && len >= want && !strcmp(dev + len - want, digits);
}
