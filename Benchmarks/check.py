"""Compares a report of `throughline bench streams --json` with the goals.

    python3 Benchmarks/check.py REPORT.json

Ends with 1 where a ratio misses its threshold. What depends on the machine's speed is printed beside its goal and decides
nothing: times differ from machine to machine, ratios within one run hardly do.
"""

import json
import sys

report = json.load(open(sys.argv[1]))
cameras = report["cameras"]
elapsed = report["elapsed"]
worst = lambda place, share: max(camera[place][share] for camera in cameras) * 1000  # noqa: E731
missed = 0


def line(name, value, goal, text, holds, decides=False):
    global missed
    missed += decides and not holds
    print(f"{'ok  ' if holds else 'MISS'} {name}: {value:{text}} (goal {goal}){' *' if decides else ''}")


lost = sum(camera["dropped"] for camera in cameras) / max(1, sum(camera["framesIn"] for camera in cameras))
out = min(camera["framesOut"] for camera in cameras) / elapsed
detected = min(camera["detected"] for camera in cameras) / elapsed
line("all processor time / floors", report["ratio"], "at most 1.35", ".2f", report["ratio"] <= 1.35, True)
line("share of frames lost", lost, "0", ".4f", lost == 0)
line("frames out per second, worst camera", out, "30.0", ".1f", out >= 29.9)
line("detections per second, worst camera", detected, "at least 10 where somebody is", ".1f", detected >= 9.9)
recordings = [camera["recording"] for camera in cameras if camera.get("recording")]
if recordings:
    recorded = min(recording["frames"] for recording in recordings) / elapsed
    missing = sum(recording["dropped"] for recording in recordings)
    line("frames recorded per second, worst camera", recorded, "15.0", ".1f", recorded >= 14.9)
    line("frames missing in recordings", missing, "0", "d", missing == 0)
line("p95 arrival to event, ms", worst("toEvent", "p95"), "below 200", ".0f", worst("toEvent", "p95") < 200)
line("p95 arrival to output, ms", worst("toOutput", "p95"), "below 150", ".0f", worst("toOutput", "p95") < 150)
line("peak memory, MiB", report["peakMemory"] / 2**20, "below 1024", ".0f", report["peakMemory"] < 2**30)
growth = report.get("memoryGrowth")
if growth is not None:
    line("growth of memory", growth, "at most 0.02", ".3f", growth <= 0.02, True)
print("* decides; measured on", report["processor"], "with a load of", report["machineLoad"])
sys.exit(1 if missed else 0)
