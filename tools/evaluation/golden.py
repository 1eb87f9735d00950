"""Computes the golden values of the metric tests with the libraries that everybody uses.

    python3 -m venv venv && venv/bin/pip install -r tools/evaluation/requirements.txt
    venv/bin/python tools/evaluation/golden.py DIR > golden.json

DIR holds `motmetrics/data/TUD-Campus`, `motmetrics/data/TUD-Stadtmitte` (the test files of motmetrics) and
`mot16_gt_and_results.tar.gz` (ground truth of seven MOT16 sequences and one tracker's results).

* motmetrics: compare_to_groundtruth, IoU distance at most 0.5; truth with a seventh column of 1, and for MOT16 class 1
  alone, no distractors removed.
* trackeval: MotChallenge2DBox with its own preprocessing, benchmark MOT15 (TUD) or MOT16.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile

import numpy as np

# motmetrics 1.4.0 still calls what NumPy 2 has removed.
if not hasattr(np, "asfarray"):
    np.asfarray = lambda values: np.asarray(values, dtype=float)
for name, kind in (("float", float), ("int", int), ("bool", bool)):
    if name not in np.__dict__:
        setattr(np, name, kind)

import motmetrics  # noqa: E402
import trackeval  # noqa: E402

MOTMETRICS = [
    "mota", "motp", "idf1", "idp", "idr", "num_switches", "num_fragmentations", "mostly_tracked",
    "partially_tracked", "mostly_lost", "num_false_positives", "num_misses", "num_detections",
]


def with_motmetrics(truth, result, has_classes):
    expected = motmetrics.io.loadtxt(truth, fmt="mot15-2D", min_confidence=1)
    if has_classes:
        expected = expected[expected["ClassId"] == 1]
    found = motmetrics.io.loadtxt(result, fmt="mot15-2D")
    accumulator = motmetrics.utils.compare_to_groundtruth(expected, found, "iou", distth=0.5)
    summary = motmetrics.metrics.create().compute(accumulator, metrics=MOTMETRICS, return_dataframe=False)
    return {key: float(value) for key, value in summary.items()}


def with_trackeval(sequences, benchmark):
    """sequences: name -> (truth, result, frames)"""
    folder = tempfile.mkdtemp()
    try:
        for name, (truth, result, _) in sequences.items():
            os.makedirs(f"{folder}/gt/{name}/gt")
            os.makedirs(f"{folder}/trackers/it/data", exist_ok=True)
            shutil.copy(truth, f"{folder}/gt/{name}/gt/gt.txt")
            shutil.copy(result, f"{folder}/trackers/it/data/{name}.txt")
        evaluator = trackeval.Evaluator({
            "PRINT_RESULTS": False, "PRINT_CONFIG": False, "TIME_PROGRESS": False, "OUTPUT_SUMMARY": False,
            "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "BREAK_ON_ERROR": True, "OUTPUT_EMPTY_CLASSES": False,
        })
        dataset = trackeval.datasets.MotChallenge2DBox({
            "GT_FOLDER": f"{folder}/gt", "TRACKERS_FOLDER": f"{folder}/trackers", "SKIP_SPLIT_FOL": True,
            "BENCHMARK": benchmark, "PRINT_CONFIG": False, "OUTPUT_FOLDER": folder,
            "SEQ_INFO": {name: frames for name, (_, _, frames) in sequences.items()},
        })
        metrics = [
            trackeval.metrics.HOTA({"PRINT_CONFIG": False}), trackeval.metrics.CLEAR({"PRINT_CONFIG": False}),
            trackeval.metrics.Identity({"PRINT_CONFIG": False}),
        ]
        result, _ = evaluator.evaluate([dataset], metrics)
        rows = {}
        for name, classes in result["MotChallenge2DBox"]["it"].items():
            values = classes["pedestrian"]
            row = {key: float(np.mean(values["HOTA"][key])) for key in ("HOTA", "DetA", "AssA", "LocA")}
            for key in ("MOTA", "MOTP", "IDSW", "Frag", "MT", "PT", "ML", "CLR_TP", "CLR_FN", "CLR_FP"):
                row[key] = float(values["CLEAR"][key])
            for key in ("IDF1", "IDP", "IDR"):
                row[key] = float(values["Identity"][key])
            rows[name] = row
        return rows
    finally:
        shutil.rmtree(folder)


def frames(*paths):
    return max(int(float(line.replace(",", " ").split()[0])) for path in paths for line in open(path) if line.strip())


def main(data):
    golden = {"motmetrics": {}, "trackeval": {}}
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        tud = {}
        for name in ("TUD-Campus", "TUD-Stadtmitte"):
            base = f"{data}/motmetrics/data/{name}"
            tud[name] = (f"{base}/gt.txt", f"{base}/test.txt", frames(f"{base}/gt.txt", f"{base}/test.txt"))
            golden["motmetrics"][name] = with_motmetrics(*tud[name][:2], has_classes=False)
        golden["trackeval"].update(with_trackeval(tud, "MOT15"))
        golden["trackeval"]["TUD"] = golden["trackeval"].pop("COMBINED_SEQ")
        with tarfile.open(f"{data}/mot16_gt_and_results.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        mot16 = {}
        for name in sorted(os.listdir(f"{folder}/mot/groundt")):
            truth, result = f"{folder}/mot/groundt/{name}/gt/gt.txt", f"{folder}/mot/results/{name}.txt"
            mot16[name] = (truth, result, frames(truth, result))
            golden["motmetrics"][name] = with_motmetrics(truth, result, has_classes=True)
        golden["trackeval"].update(with_trackeval(mot16, "MOT16"))
        golden["trackeval"]["MOT16"] = golden["trackeval"].pop("COMBINED_SEQ")
    json.dump(golden, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
