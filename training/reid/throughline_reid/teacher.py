"""Embeddings of a teacher network (OpenVINO IR), computed once for every training crop."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from .dataset import TrainingSet, teaching_order
from .errors import TrainingError
from .places import partial_file

_BLOCK = 256


class Teacher:
    """A person re-identification network in OpenVINO IR that takes BGR 0..255 at its own size."""

    def __init__(self, model: Path, threads: int = 1):
        import openvino

        model = check_teacher(model)
        network = openvino.Core().read_model(str(model))
        shape = network.inputs[0].partial_shape
        self.height, self.width = shape[2].get_length(), shape[3].get_length()
        network.reshape([-1, 3, self.height, self.width])
        self._compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads})

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """L2-normalised embeddings [n, d] of RGB crops [n, h, w, 3]."""
        batch = np.empty((len(crops), 3, self.height, self.width), np.float32)
        for row, crop in zip(batch, crops):
            row[:] = cv2.resize(crop, (self.width, self.height))[:, :, ::-1].transpose(2, 0, 1)
        values = self._compiled(batch)[0].reshape(len(crops), -1)
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9)


def check_teacher(model: Path) -> Path:
    """The path of a teacher whose two files are there."""
    model = Path(model)
    for file in (model, model.with_suffix(".bin")):
        if not file.is_file():
            raise TrainingError(
                f"{file}: teacher not found; name another with `teacher:`, or learn from labels alone (`teacher: none`)"
            )
    return model


def _directory(model: Path, data: TrainingSet, cache: Path) -> Path:
    """Where the embeddings of exactly this data by exactly this teacher lie."""
    digest = hashlib.sha256(model.with_suffix(".bin").read_bytes())
    for part in data.crops:
        digest.update(Path(getattr(part, "filename", "") or "").name.encode() + str(part.shape).encode())
    return cache / f"{model.stem}-{digest.hexdigest()[:16]}"


def compute_targets(model: Path, data: TrainingSet, cache: Path, threads: int = 1, report=print) -> None:
    """Computes the embeddings of all crops, block by block; an interrupted computation goes on where it stopped."""
    directory = _directory(check_teacher(model), data, cache)
    directory.mkdir(parents=True, exist_ok=True)
    order = teaching_order(data)
    teacher = None
    for start in range(0, len(order), _BLOCK):
        file = directory / f"{start:07}.npy"
        if file.exists():
            continue
        teacher = teacher or Teacher(model, threads)
        block = order[start : start + _BLOCK]
        values = [teacher.embed(data.gather(block[begin : begin + 16])) for begin in range(0, len(block), 16)]
        partial = partial_file(file)
        with open(partial, "wb") as opened:
            np.save(opened, np.concatenate(values).astype(np.float32))
        partial.rename(file)
        report(f"teacher {Path(model).stem}: {start + len(block)} of {len(order)} crops")


def load_targets(model: Path, data: TrainingSet, cache: Path) -> tuple[np.ndarray, float]:
    """What is computed so far: embeddings [n, d] with NaN rows where none is yet, and the finished share."""
    directory = _directory(check_teacher(model), data, cache)
    order = teaching_order(data)
    targets, done = None, 0
    for file in sorted(directory.glob("[0-9]*.npy")) if directory.is_dir() else []:
        values = np.load(file)
        if targets is None:
            targets = np.full((len(data), values.shape[1]), np.nan, np.float32)
        start = int(file.stem)
        targets[order[start : start + len(values)]] = values
        done += len(values)
    if targets is None:
        raise TrainingError(f"{model}: nothing computed for these crops yet; run `teach` with the same configuration")
    return targets, done / len(data)
