"""Runs published Python trackers over MOT detection files, for comparison with ours on identical input.

    python3 -m venv venv && venv/bin/pip install -r Benchmarks/peers/requirements-tracking.txt
    OMP_NUM_THREADS=1 venv/bin/python Benchmarks/peers/tracking.py OUT NAME:RATE:SCALE:DET.txt ...

Writes OUT/TRACKER-NAME.txt (MOT text) for each and prints frames per second of the tracker's own call, on one thread,
reading and writing left out. RATE is in frames per second; scores are multiplied by SCALE and clamped to 0...1 (ACF
detections: 0.01). The results are then measured with

    throughline evaluate tracking --truth GT.txt --results OUT/TRACKER-NAME.txt

Compared are ByteTrack and OC-SORT of the package `trackers` (Roboflow, Apache-2.0), with the thresholds of our
tracker (high 0.4, new 0.5, two sightings) and their own defaults otherwise.

`--degrade TRUTH.txt OUT STRIDE [SUBSET [SEED]]` makes detections of a MOT16 truth instead: each STRIDE-th frame, boxes jittered
by 3 % of the height, missed more often the less of a person is visible, half a false alarm per frame; seeded (7). SUBSET
gets the truth of those frames, pedestrians only and counted anew, to measure against.
"""

import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402


def rows(path):
    for line in open(path):
        if line.strip():
            yield [float(value) for value in line.replace(",", " ").split()]


def load(path, scale):
    frames = {}
    for row in rows(path):
        score = min(1.0, max(0.0, row[6] * scale)) if len(row) > 6 else 1.0
        frames.setdefault(int(row[0]), []).append((row[2], row[3], row[2] + row[4], row[3] + row[5], score))
    return frames


def run(tracker, frames):
    import supervision

    results, elapsed, last = [], 0.0, max(frames)
    for number in range(1, last + 1):
        values = np.array(frames.get(number, []), dtype=np.float32).reshape(-1, 5)
        detections = supervision.Detections(
            xyxy=values[:, :4], confidence=values[:, 4], class_id=np.zeros(len(values), int))
        begin = time.perf_counter()
        found = tracker.update(detections)
        elapsed += time.perf_counter() - begin
        for box, identity in zip(found.xyxy, found.tracker_id if found.tracker_id is not None else []):
            if identity is not None and identity >= 0:
                results.append((number, int(identity) + 1, box[0], box[1], box[2] - box[0], box[3] - box[1]))
    return results, last / elapsed


def compare(folder, cases):
    from trackers import ByteTrackTracker, OCSORTTracker

    os.makedirs(folder, exist_ok=True)
    for case in cases:
        name, rate, scale, path = case.split(":", 3)
        frames = load(path, float(scale))
        made = {
            "bytetrack": ByteTrackTracker(
                frame_rate=float(rate), track_activation_threshold=0.5, high_conf_det_threshold=0.4,
                minimum_consecutive_frames=2),
            "ocsort": OCSORTTracker(frame_rate=float(rate), high_conf_det_threshold=0.4),
        }
        for label, tracker in made.items():
            results, speed = run(tracker, frames)
            with open(f"{folder}/{label}-{name}.txt", "w") as file:
                for row in results:
                    file.write("%d,%d,%.2f,%.2f,%.2f,%.2f,1,-1,-1,-1\n" % row)
            print(f"{name} {label} {speed:.0f} frames/s")


def degrade(path, out, stride, subset=None, seed=7):
    random = np.random.default_rng(seed)
    lines, kept, last = [], [], 1
    for row in rows(path):
        frame, visible = int(row[0]), row[8]
        if row[6] == 0 or row[7] != 1 or (frame - 1) % stride:
            continue
        number = (frame - 1) // stride + 1
        last = max(last, number)
        kept.append((number, *row[1:]))
        if visible <= 0.25 or random.random() > 0.55 + 0.45 * visible:
            continue
        width = row[4] * (1 + random.normal() * 0.06)
        height = row[5] * (1 + random.normal() * 0.04)
        x = row[2] + row[4] / 2 + random.normal() * row[5] * 0.03 - width / 2
        y = row[3] + row[5] / 2 + random.normal() * row[5] * 0.03 - height / 2
        score = min(1, max(0.05, 0.25 + 0.65 * visible + random.normal() * 0.1))
        lines.append((number, x, y, width, height, score))
    for number in range(1, last + 1):
        if random.random() < 0.5:
            height = random.uniform(60, 200)
            lines.append((number, random.uniform(0, 1800), random.uniform(100, 900), height * 0.4, height,
                          random.uniform(0.1, 0.7)))
    with open(out, "w") as file:
        for number, x, y, width, height, score in sorted(lines):
            file.write(f"{number},-1,{x:.2f},{y:.2f},{width:.2f},{height:.2f},{score:.4f},-1,-1,-1\n")
    if subset:
        with open(subset, "w") as file:
            file.writelines(",".join(f"{value:g}" for value in row) + "\n" for row in kept)


if __name__ == "__main__":
    if sys.argv[1] == "--degrade":
        degrade(sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:6], *map(int, sys.argv[6:7]))
    else:
        compare(sys.argv[1], sys.argv[2:])
