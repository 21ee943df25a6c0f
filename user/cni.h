/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that name pods and their devices: CNI's cached results (libcni/api.go, kind cniCacheV1, since
 * 0.8) and Felix' endpoint status (libcalico-go/lib/epstatusfile). Pure: text in, one pod out.
 */
#ifndef CALITRACE_CNI_H
#define CALITRACE_CNI_H

#include "model.h"

/* A pod has one address per family, two where it asked for two. */
#define CNI_ADDRS_MAX 4
#define CNI_DEVS_MAX 8

struct cni_pod {
	char name[POD_LEN];		 /* namespace/name; cut if it is longer */
	char expected[DEV_LEN];		 /* the device's name as Calico derives it, prefix "cali" */
	char dev[CNI_DEVS_MAX][DEV_LEN]; /* those that the result names on the node's side */
	size_t devs;
	struct addr addr[CNI_ADDRS_MAX];
	size_t addrs;
};

/*
 * One file's text (not terminated, hostile). cni_parse_result(): 0; -ENOENT: it names no pod (a bare
 * result of before 0.8, the loopback's, another orchestrator's); -EBADMSG: not understood.
 * cni_parse_status() also takes the file's name, which has the pod's: "k8s NS%2FNAME eth0".
 */
int cni_parse_result(const char *text, size_t len, struct cni_pod *out);
int cni_parse_status(const char *name, const char *text, size_t len, struct cni_pod *out);

/* Is that the device of that pod? Its prefix may be another one (FELIX_INTERFACEPREFIX). */
bool cni_verified(const struct cni_pod *pod, const char *dev);

#endif
