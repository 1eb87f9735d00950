"""Measures our tracker beside published ones over several draws of detections, so that no figure is one draw's luck.

    python3 -m venv venv && venv/bin/pip install -r Benchmarks/peers/requirements-tracking.txt
    OMP_NUM_THREADS=1 venv/bin/python Benchmarks/peers/draws.py .build/release/throughline FOLDER [--draws 10] [--first 1]

FOLDER has SEQUENCE/gt/gt.txt for the MOT16 sequences below; those that are missing are said and left out. For each
sequence, at every frame and at every fourth, and for each seed (10 from 1 on) detections are made from the truth as
`tracking.py --degrade` makes them; ByteTrack and OC-SORT are run as `tracking.py` runs them; all three are measured by
`throughline evaluate tracking`. Printed are the means over the draws as a Markdown table (HOTA / IDF1 / MOTA), how many
figures of ours are above the better of the others or within 0.2 of it, and the rest by name.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import tracking

RATES = {"02": 30, "04": 30, "05": 14, "09": 30, "10": 30, "11": 30, "13": 25}
METHODS = {"throughline": "Throughline", "bytetrack": "ByteTrack", "ocsort": "OC-SORT"}
FIGURES = ["HOTA", "IDF1", "MOTA"]


def others(rate):
    from trackers import ByteTrackTracker, OCSORTTracker

    return {
        "bytetrack": ByteTrackTracker(
            frame_rate=rate, track_activation_threshold=0.5, high_conf_det_threshold=0.4,
            minimum_consecutive_frames=2),
        "ocsort": OCSORTTracker(frame_rate=rate, high_conf_det_threshold=0.4),
    }


def measure(program, truth, detections, rate, folder):
    """HOTA, IDF1 and MOTA of each method, in percent."""
    frames, figures = tracking.load(detections, 1), {}
    for label, tracker in others(rate).items():
        path, report = f"{folder}/{label}.txt", f"{folder}/{label}.json"
        results, _ = tracking.run(tracker, frames)
        with open(path, "w") as file:
            for row in results:
                file.write("%d,%d,%.2f,%.2f,%.2f,%.2f,1,-1,-1,-1\n" % row)
        subprocess.run(
            [program, "evaluate", "tracking", "--truth", truth, "--detections", detections,
             "--frame-rate", str(rate), "--results", path, "--json", report], check=True, stdout=subprocess.DEVNULL)
        for row in json.load(open(report))["rows"]:
            name = label if row["method"] == "given results" else row["method"].split()[0]
            if name in METHODS:
                figures[name] = [100 * row[key] for key in ("hota", "idf1", "mota")]
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--draws", type=int, default=10, help="how many (10)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    options = parser.parse_args()
    kept, compared, below = 0, 0, []
    print("| detections | " + " | ".join(METHODS.values()) + " |")
    print("|---|" + "---|" * len(METHODS))
    for sequence, rate in RATES.items():
        truth = f"{options.folder}/MOT16-{sequence}/gt/gt.txt"
        if not os.path.exists(truth):
            print(f"draws: there is no {truth}; MOT16-{sequence} is left out", file=sys.stderr)
            continue
        for stride, words in ((1, "every frame"), (4, "every 4th")):
            draws = []
            for seed in range(options.first, options.first + options.draws):
                with tempfile.TemporaryDirectory() as folder:
                    detections, subset = f"{folder}/det.txt", f"{folder}/truth.txt"
                    tracking.degrade(truth, detections, stride, subset, seed)
                    draws.append(measure(options.program, subset, detections, rate / stride, folder))
            means = {
                name: [statistics.mean(draw[name][place] for draw in draws) for place in range(len(FIGURES))]
                for name in METHODS
            }
            cells = [" / ".join(f"{value:.1f}" for value in means[name]) for name in METHODS]
            print(f"| MOT16-{sequence}, {words} | " + " | ".join(cells) + " |", flush=True)
            for place, figure in enumerate(FIGURES):
                gap = means["throughline"][place] - max(means[name][place] for name in METHODS if name != "throughline")
                compared += 1
                kept += gap >= -0.2
                if gap < -0.2:
                    below.append(f"{figure} of MOT16-{sequence}, {words}: {gap:.1f}")
    print(f"\n{kept} of {compared} figures are above the better of the others or within 0.2 of it.")
    print("\n".join(below))


if __name__ == "__main__":
    main()
