"""Average precision at an overlap of 0.5, for each class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from throughline_reid.errors import TrainingError

from .dataset import GREY, list_pictures, read_picture
from .measures import average_precision, letterbox, overlaps, suppress
from .networks import CLASSES, NanoDetector, boxes, cells

# Takes BGR [3, h, w] 0...255, gives what `NanoDetector.forward` gives for one picture: [cells, 5 + classes].
Find = Callable[[np.ndarray], np.ndarray]


def network_finder(network: NanoDetector) -> Find:
    """A PyTorch network as a function on one prepared picture."""
    network.eval()

    def find(blob: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(blob[None])).numpy()[0]

    return find


def evaluate_folder(folder: Path, find: Find, height: int, width: int, persons_only: bool = False) -> dict[str, float]:
    """AP50 in percent of each class that the folder's labels have."""
    places, strides = cells(height, width)
    results = {name: [] for name in CLASSES}
    truth_counts = dict.fromkeys(CLASSES, 0)
    for sample in list_pictures(folder, persons_only):
        picture = read_picture(sample.path)
        canvas, scale, left, top = letterbox(picture, width, height, GREY)
        values = torch.from_numpy(find(np.ascontiguousarray(canvas.transpose(2, 0, 1), np.float32)))
        corners = (boxes(values, places, strides).numpy() - [left, top, left, top]) / scale
        sides = np.array([picture.shape[1], picture.shape[0]] * 2)
        for number, name in enumerate(CLASSES):
            rows = sample.boxes[sample.boxes[:, 0] == number][:, 1:] * sides
            truth = np.concatenate([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2], 1)
            truth_counts[name] += len(truth)
            scores = (values[:, 4] * values[:, 5 + number]).numpy()
            strong = scores > 0.01
            found = suppress(np.concatenate([corners[strong], scores[strong, None]], 1), 0.6 if number == 0 else 0.3)
            free = np.ones(len(truth), bool)
            for box in found:
                values_of = overlaps(box, truth) * free if len(truth) else np.zeros(0)
                hit = bool(len(values_of) and values_of.max() >= 0.5)
                if hit:
                    free[values_of.argmax()] = False
                results[name].append((box[4], hit))
    if not any(truth_counts.values()):
        raise TrainingError(f"{folder}: no box in its labels, so nothing can be measured; check labels/")
    return {
        name: 100 * average_precision(results[name], count) if results[name] else 0.0
        for name, count in truth_counts.items()
        if count
    }
