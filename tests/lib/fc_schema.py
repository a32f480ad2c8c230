#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Makes fc_schema.h from Firecracker's API description: fc_schema.py firecracker.yaml > fc_schema.h
# Needs PyYAML. Run again for a newer description; nothing in the header is written by hand.
import sys
import yaml

doc = yaml.load(open(sys.argv[1]), yaml.BaseLoader)  # scalars stay words: "Off" is one
TYPES = {"string": "s", "integer": "i", "boolean": "b", "array": "a", "object": "o"}


def ref(node):
    return node.get("$ref", "").rsplit("/", 1)[-1]


def quoted(text):
    return '"%s"' % text if text else "NULL"


print("""/* SPDX-License-Identifier: MIT */
/*
 * What Firecracker's API takes: made by fc_schema.py from the description of version %s. Every call with the schema of
 * its body, and the properties of every schema a body can hold. Fields a schema does not list are refused by Firecracker.
 */
#ifndef TESTS_LIB_FC_SCHEMA_H
#define TESTS_LIB_FC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct fc_schema_call {
	const char *method;
	const char *path; /* "{}" stands for an id */
	const char *id;	  /* the property of the body that repeats the id */
	const char *body; /* schema; NULL: none */
};

struct fc_schema_prop {
	const char *schema, *name;
	char type; /* s, i, b, a (of strings), o */
	bool required;
	long min, max; /* max 0: none */
	const char *words; /* "|A|B|": nothing else */
	const char *ref;   /* schema of an object; of an array's objects */
};

static const struct fc_schema_call fc_schema_calls[] = {""" % doc["info"]["version"])
wanted = []
for path, methods in doc["paths"].items():
    for method, call in methods.items():
        body = next((p["schema"] for p in call.get("parameters", []) if p["in"] == "body"), {})
        ident = next((p["name"] for p in call.get("parameters", []) if p["in"] == "path"), "")
        if ref(body):
            wanted.append(ref(body))
        short = path.replace("{%s}" % ident, "{}") if ident else path
        print('\t{"%s", "%s", %s, %s},' % (method.upper(), short, quoted(ident), quoted(ref(body))))
print("};\n\nstatic const struct fc_schema_prop fc_schema_props[] = {")
done = []
while wanted:
    name = wanted.pop(0)
    if name in done:
        continue
    done.append(name)
    schema = doc["definitions"][name]
    for prop, what in schema.get("properties", {}).items():
        target = doc["definitions"].get(ref(what), what)
        item = ref(what.get("items", {}))
        is_object = target.get("type") == "object"
        inner = ref(what) if is_object else item
        if inner:
            wanted.append(inner)
        words = "|%s|" % "|".join(target["enum"]) if "enum" in target else ""
        print('\t{"%s", "%s", \'%s\', %s, %d, %d, %s, %s},' % (
            name, prop, TYPES[target.get("type", "object")], str(prop in schema.get("required", [])).lower(),
            int(target.get("minimum", 0)), int(target.get("maximum", 0)), quoted(words), quoted(inner)))
print("};\n\n#endif")
