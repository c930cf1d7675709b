"""Holds the files of `docket-replay process-log` against PM4Py, which others use to read
such files, and against the rules that the standards publish.

    validate.py DIRECTORY

The directory has desk.json and desk.sqlite (OCEL 2.0), incidents.xes, teams.xes and
people.xes. Every warning is an error. The counts that PM4Py has after reading must be
those of the files, which are counted here by the standard library alone.
"""

import contextlib
import io
import json
import os
import sqlite3
import sys
import warnings
import xml.etree.ElementTree
from pathlib import Path

# PM4Py greets everybody who imports it, and draws bars; neither is a warning.
os.environ["PM4PY_SHOW_PROGRESS_BAR"] = "False"
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    import pm4py
    from pm4py.objects.ocel.validation import ocel20_rel_validation

TYPES = {"string", "integer", "float", "boolean", "time"}
failures = []


def same(what, found, expected):
    """Notes a figure that is not what it should be."""
    verdict = "ok" if found == expected else "DIFFERS"
    print(f"  {what:<44} {found!s:>8}  {verdict}")
    if found != expected:
        failures.append(f"{what}: {found}, should be {expected}")


def holds(what, is_so):
    """Notes something that should be so."""
    same(what, bool(is_so), True)


def read_quietly(read, path):
    """Reads a file, and fails at the first warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read(str(path))


def by_the_schema(log):
    """The JSON schema of OCEL 2.0 in a few lines: what is required, and of which type."""

    def texts(thing, names):
        return all(isinstance(thing.get(name), str) for name in names)

    ok = set(log) == {"eventTypes", "objectTypes", "events", "objects"}
    for types in (log["eventTypes"], log["objectTypes"]):
        for one in types:
            ok &= texts(one, ["name"]) and all(
                texts(attribute, ["name", "type"]) and attribute["type"] in TYPES
                for attribute in one["attributes"]
            )
    of_events = (log["events"], ["id", "type", "time"], ["name", "value"])
    of_objects = (log["objects"], ["id", "type"], ["name", "value", "time"])
    for things, named, timed in (of_events, of_objects):
        for thing in things:
            ok &= texts(thing, named)
            ok &= all(texts(one, timed) for one in thing["attributes"])
            ok &= all(texts(one, ["objectId", "qualifier"]) for one in thing["relationships"])
    return ok


def ocel_json(path):
    """OCEL 2.0 as JSON."""
    print(path.name)
    log = json.loads(path.read_text(encoding="utf-8"))
    holds("is as the schema wants it", by_the_schema(log))
    ocel = read_quietly(pm4py.read_ocel2, path)
    pairs = {(one["id"], r["objectId"]) for one in log["events"] for r in one["relationships"]}
    named = [(one["id"], a["name"]) for one in log["objects"] for a in one["attributes"]]
    same("events", len(ocel.events), len(log["events"]))
    same("objects", len(ocel.objects), len(log["objects"]))
    # PM4Py keeps one part of an object in an event where the file has several.
    same("events and objects that belong together", len(ocel.relations), len(pairs))
    related = sum(len(one["relationships"]) for one in log["objects"])
    same("relations between objects", len(ocel.o2o), related)
    # The first value of an attribute is no change of it.
    same("changes of attributes", len(ocel.object_changes), len(named) - len(set(named)))
    return ocel


def ocel_sqlite(path):
    """OCEL 2.0 as a SQLite file."""
    print(path.name)
    _, broken = ocel20_rel_validation.apply(str(path))
    same("rules of the relational schema that are broken", broken, [])
    ocel = read_quietly(pm4py.read_ocel2, path)
    file = sqlite3.connect(path)

    def count(table, where="true"):
        return file.execute(f'select count(*) from "{table}" where {where}').fetchone()[0]

    kinds = [kind for (kind,) in file.execute("select ocel_type_map from object_map_type")]
    changes = sum(count(f"object_{kind}", "ocel_changed_field is not null") for kind in kinds)
    same("events", len(ocel.events), count("event"))
    same("objects", len(ocel.objects), count("object"))
    same("parts of objects in events", len(ocel.relations), count("event_object"))
    same("relations between objects", len(ocel.o2o), count("object_object"))
    same("changes of attributes", len(ocel.object_changes), changes)
    file.close()
    return ocel


def xes(path):
    """XES, one trace a case."""
    print(path.name)
    space = "{http://www.xes-standard.org/}"
    root = xml.etree.ElementTree.parse(path).getroot()
    traces = root.findall(f"{space}trace")
    # The reader that needs no other package than lxml; the default one asks for a faster one.
    log = read_quietly(lambda name: pm4py.read_xes(name, variant="iterparse"), path)
    names = {trace.find(f"{space}string").get("value") for trace in traces}
    same("traces", log["case:concept:name"].nunique(), len(names))
    same("events", len(log), sum(len(trace.findall(f"{space}event")) for trace in traces))
    holds("every event has a resource", log["org:resource"].notna().all())
    holds("every event has a time", log["time:timestamp"].notna().all())
    return log


def main(directory):
    """Reads all of them, and compares them with each other."""
    objects = ocel_json(directory / "desk.json")
    tables = ocel_sqlite(directory / "desk.sqlite")
    print("the two against each other")
    same("events", len(objects.events), len(tables.events))
    same("objects", len(objects.objects), len(tables.objects))
    types = [sorted(pm4py.ocel_get_object_types(ocel)) for ocel in (objects, tables)]
    holds("have the same types of objects", types[0] == types[1])
    incidents = xes(directory / "incidents.xes")
    items = objects.objects[objects.objects["ocel:type"] == "incident"]
    same("incidents of OCEL and of XES", incidents["case:concept:name"].nunique(), len(items))
    for name in ("teams.xes", "people.xes"):
        xes(directory / name)
    print("a process that is discovered")
    graph, start, end = pm4py.discover_dfg(incidents)
    holds("incidents begin with their registration alone", set(start) == {"Registered"})
    holds("one step follows another", len(graph) > 10 and sum(end.values()) == len(items))


main(Path(sys.argv[1]))
if failures:
    print("\n".join(["", "FAILED:", *failures]))
    sys.exit(1)
print("PM4Py reads all of it without a warning.")
