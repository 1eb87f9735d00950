#!/usr/bin/env python3
"""Dwell times from the event log: who stayed how long in which camera.

    dwell.py events.jsonl

Applies corrections of identities as Documentation/events.md describes them, so that a person who was first taken for
two counts as one. Needs nothing but Python.
"""

import json
import sys
from collections import defaultdict


def dwell_times(lines):
    """Seconds by identity and camera, in the numbers that hold at the end of the log."""
    merged = {}
    tracks = {}
    stays = []
    for line in lines:
        event = json.loads(line)
        if event.get("version") != 1:
            raise ValueError(f"schema version {event.get('version')} is not known to this script")
        kind = event["event"]
        if kind == "identity.merged":
            merged[event["from"]] = event["identity"]
        elif kind == "identity.restored":
            merged.pop(event["identity"], None)
        elif kind in ("identity.created", "identity.assigned", "identity.reassigned", "identity.split"):
            if "track" in event:
                tracks[event["camera"], event["track"]] = event["identity"]
        elif kind == "sighting.ended":
            stays.append((event["identity"], event["camera"], event["track"], event["duration"]))

    def final(identity):
        seen = set()
        while identity in merged and identity not in seen:
            seen.add(identity)
            identity = merged[identity]
        return identity

    result = defaultdict(float)
    for identity, camera, track, seconds in stays:
        result[final(tracks.get((camera, track), identity)), camera] += seconds
    return dict(result)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: dwell.py events.jsonl")
    with open(sys.argv[1], encoding="utf-8") as log:
        try:
            times = dwell_times(log)
        except (ValueError, KeyError) as error:
            sys.exit(f"dwell.py: {error}")
    for (identity, camera), seconds in sorted(times.items()):
        print(f"{identity}\t{camera}\t{seconds:.1f} s")


if __name__ == "__main__":
    main()
