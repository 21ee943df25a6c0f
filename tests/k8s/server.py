# SPDX-License-Identifier: GPL-2.0-only
"""An API server for tests: discovery and pods, as far as `kubectl get pods` asks. server.py PORT-FILE LOG"""
import http.server
import json
import sys

RESOURCES = {
    "kind": "APIResourceList", "groupVersion": "v1",
    "resources": [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod",
                   "shortNames": ["po"], "verbs": ["get", "list"]}],
}


def pod(node):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "calitrace-" + node, "namespace": "kube-system"},
            "spec": {"nodeName": node, "containers": [{"name": "calitrace"}]},
            "status": {"phase": "Running"}}


ANSWERS = {
    "/version": {"major": "1", "minor": "29", "gitVersion": "v1.29.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": RESOURCES,
    "/api/v1/namespaces/kube-system/pods": {
        "apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "1"},
        "items": [pod("k8s01"), pod("k8s02")]},
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a", encoding="ascii") as log:
            print(self.command, self.path, file=log)
        answer = ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps(answer or {"kind": "Status", "status": "Failure", "code": 404}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w", encoding="ascii") as f:
    print(server.server_port, file=f)
server.serve_forever()
