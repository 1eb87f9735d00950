"""What each further camera costs, from reports of `throughline bench streams --json` with rising numbers of cameras.

    python3 Benchmarks/scaling.py REPORT.json...
"""

import json
import sys

print("cameras  FPS out, worst  detections/s, worst  lost  cores  ms per frame  cores for each further camera")
last = None
for path in sys.argv[1:]:
    report = json.load(open(path))
    cameras, elapsed = report["cameras"], report["elapsed"]
    count = len(cameras)
    cores = report["processorTime"] / elapsed
    frames = sum(camera["framesOut"] for camera in cameras)
    further = "" if last is None else f"{(cores - last[1]) / (count - last[0]):.3f}"
    print(
        f"{count:7d}  {min(camera['framesOut'] for camera in cameras) / elapsed:14.1f}"
        f"  {min(camera['detected'] for camera in cameras) / elapsed:19.1f}"
        f"  {sum(camera['dropped'] for camera in cameras):4d}  {cores:5.2f}"
        f"  {report['processorTime'] * 1000 / max(1, frames):12.2f}  {further:>29}"
    )
    last = (count, cores)
