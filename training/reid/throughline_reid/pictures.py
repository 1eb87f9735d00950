"""Decoding of crops, once, into a memory-mapped array, so that training never waits for a decoder."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from .errors import TrainingError
from .places import partial_file


def read_crop(path: Path) -> np.ndarray:
    """A picture as RGB bytes, height x width x 3."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise TrainingError(f"{path}: not a picture that can be decoded; remove it or replace it")
    return picture[:, :, ::-1]


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear resize without keeping the aspect: what the program does with a crop before the network."""
    if picture.shape[:2] == (height, width):
        return picture
    shrinking = picture.shape[0] > height
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def decode_all(paths: list[Path], height: int, width: int, cache: Path) -> np.ndarray:
    """All crops as one read-only uint8 array [n, height, width, 3] (RGB), kept in the cache for the next run.

    The array is written beside its final name and renamed, so that an interruption leaves no half-filled array.
    """
    cache.mkdir(parents=True, exist_ok=True)
    listing = json.dumps([[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in paths] + [height, width])
    file = cache / f"crops-{hashlib.sha256(listing.encode()).hexdigest()[:16]}.npy"
    if not file.exists():
        partial = partial_file(file)
        crops = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(len(paths), height, width, 3))
        try:
            for index, path in enumerate(paths):
                crops[index] = resize(read_crop(path), height, width)
            crops.flush()
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        partial.rename(file)
    return np.load(file, mmap_mode="r")
