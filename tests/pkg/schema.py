#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Each line of these files ("-": standard input; *.gz) against tools/schema/calitrace-1.schema.json:

  tests/pkg/schema.py FILE...     what is wrong, "FILE:LINE: why", 20 lines of it at most
  tests/pkg/schema.py --keys      each record.key of the schema, as calitrace-json(5) writes it
  tests/pkg/schema.py --bent      lines that are bent in every way that the schema forbids are refused

The last line tells how many records of which types were valid. Stricter than the schema is for
readers: a key that it does not list is an error, as is a type. The same rules are given to
jsonschema, which knows the draft, for one record in 500: it has to be of the same opinion.
"""

import copy
import gzip
import json
import os
import sys

import fastjsonschema

try:
    import jsonschema
    JUDGE = jsonschema.Draft202012Validator
except (ImportError, AttributeError):
    JUDGE = None

PATH = os.path.join(os.path.dirname(__file__), "../../tools/schema/calitrace-1.schema.json")
SHARE = 500


def closed(node):
    """The same, but what it does not list is forbidden."""
    if isinstance(node, list):
        return [closed(n) for n in node]
    if not isinstance(node, dict):
        return node
    node = {k: closed(v) for k, v in node.items()}
    if "required" in node and "properties" in node and node.get("type") == "object":
        node.setdefault("additionalProperties", False)
    return node


class Records:
    def __init__(self, path=PATH):
        with open(path, encoding="utf-8") as f:
            self.whole = json.load(f)
        if JUDGE:
            JUDGE.check_schema(self.whole)
        self.defs = closed(self.whole["$defs"])
        self.types = [r["then"]["$ref"].rsplit("/", 1)[1] for r in self.whole["allOf"]]
        # Its draft 7 and the later ones mean the same by every word that is used here.
        self.fast = {t: fastjsonschema.compile(self.of(t, "http://json-schema.org/draft-07/schema#"))
                     for t in self.types}
        self.slow = {t: JUDGE(self.of(t, self.whole["$schema"])) for t in self.types} if JUDGE else {}
        self.seen = {}

    def of(self, name, draft):
        return {"$schema": draft, "$ref": "#/$defs/" + name, "$defs": self.defs}

    def wrong(self, text, always=False):
        """None, or why this line is none."""
        try:
            record = json.loads(text)
        except ValueError as err:
            return f"no JSON: {err}"
        if not isinstance(record, dict) or record.get("v") != 1:
            return "no object with v 1"
        name = record.get("type")
        if not isinstance(name, str) or name not in self.fast:
            return f"no such type: {name!r}"
        if json.dumps(record, separators=(",", ":")) != text and "\\" not in text and "." not in text:
            return "not as it is promised: ASCII, no blanks between tokens"
        count = self.seen[name] = self.seen.get(name, 0) + 1
        said = None
        try:
            self.fast[name](record)
        except fastjsonschema.JsonSchemaValueException as err:
            said = str(err)[:300]
        if self.slow and (always or count % SHARE == 1) and self.slow[name].is_valid(record) == bool(said):
            return f"the two validators do not agree: {said}"
        return said


def lines(path):
    if path == "-":
        yield from enumerate(sys.stdin, 1)
        return
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii", errors="replace") as f:
        yield from enumerate(f, 1)


def check(paths):
    records, bad = Records(), 0
    for path in paths:
        for number, line in lines(path):
            why = records.wrong(line.rstrip("\n"))
            if why:
                bad += 1
                if bad <= 20:
                    print(f"{path}:{number}: {why}")
    told = ", ".join(f"{n} {t}" for t, n in sorted(records.seen.items()))
    print(f"{sum(records.seen.values())} records ({told}), {bad} wrong", file=sys.stderr)
    return bad > 0


def keys(node, defs, path):
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        node = defs[name]
    if node.get("type") == "array":
        yield from keys(node["items"], defs, path + "[]")
        return
    if not node.get("properties"):
        yield path
        return
    for key, sub in node["properties"].items():
        yield from keys(sub, defs, f"{path}.{key}")


def bends(record):
    """Each leaf once of another type, each key once missing (with whether that may be), one too much."""
    for key in list(record):
        other = copy.deepcopy(record)
        other[key] = {"no": "thing"} if not isinstance(record[key], dict) else 3
        yield f"{key} of another type", other
        if isinstance(record[key], str):
            other = copy.deepcopy(record)
            other[key] = ""
            yield f"{key} is empty", other
        if isinstance(record[key], int) and not isinstance(record[key], bool):
            other = copy.deepcopy(record)
            other[key] = "1"
            yield f"{key} is text", other
    yield "a key too much", {**record, "frobnicate": 1}
    for key in ("type", "v"):
        yield f"no {key}", {k: v for k, v in record.items() if k != key}


def bent(paths):
    records, done, bad = Records(), set(), 0
    for path in paths:
        for _, line in lines(path):
            record = json.loads(line)
            if record["type"] in done:
                continue
            done.add(record["type"])
            for what, other in bends(record):
                if not records.wrong(json.dumps(other, separators=(",", ":")), always=True):
                    bad += 1
                    print(f"{record['type']}: {what}: expected to be refused")
    print(f"{len(done)} types bent", file=sys.stderr)
    return bad > 0 or len(done) < 5


def main():
    args = sys.argv[1:]
    if args[:1] == ["--keys"]:
        records = Records()
        for name in records.types:
            for key in keys({"$ref": "#/$defs/" + name}, records.whole["$defs"], name):
                print(key)
        return 0
    if args[:1] == ["--bent"]:
        return bent(args[1:])
    return check(args)


if __name__ == "__main__":
    sys.exit(main())
