# SPDX-License-Identifier: GPL-2.0-only
"""Validates manifests without a cluster: validate.py SCHEMA FILE. Each document against the definition that is
named after its kind; prints a line for each thing that is wrong, and the documents as JSON with --json."""
import json
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = 0
for doc in yaml.safe_load_all(open(sys.argv[2], encoding="utf-8")):
    if "--json" in sys.argv:
        print(json.dumps(doc))
        continue
    kind = doc.get("kind")
    if kind not in schema["definitions"]:
        print("no schema of kind", kind)
        continue
    one = dict(schema, **{"$ref": "#/definitions/" + kind})
    for e in jsonschema.Draft7Validator(one).iter_errors(doc):
        print(kind, "/".join(map(str, e.path)) + ":", e.message)
