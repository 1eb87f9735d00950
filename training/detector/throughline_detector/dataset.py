"""Pictures with boxes: folders with ``images/`` and ``labels/`` in YOLO's form (class 0 person, 1 face)."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from throughline_reid.errors import TrainingError

from .networks import CLASSES

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
GREY = 114


@dataclass(frozen=True)
class LabelledPicture:
    """A picture's file and its boxes [k, 5]: class, centre x, centre y, width, height as fractions."""

    path: Path
    boxes: np.ndarray


def read_labels(file: Path, persons_only: bool = False) -> np.ndarray:
    """The boxes of a label file; a missing file means none."""
    if not file.is_file():
        return np.zeros((0, 5), np.float32)
    rows = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = [float(v) for v in line.split()[:5]]
        except ValueError:
            values = []
        if len(values) != 5 or values[0] != int(values[0]) or not all(0 <= v <= 1 for v in values[1:]):
            raise TrainingError(f"{file}:{number}: expected a class and four fractions of 0 to 1, found {line[:60]!r}")
        if persons_only and values[0] != 0:
            continue
        if not 0 <= values[0] < len(CLASSES):
            known = ", ".join(f"{index} {name}" for index, name in enumerate(CLASSES))
            raise TrainingError(
                f"{file}:{number}: class {int(values[0])} is unknown; known are {known} "
                "(evaluate --persons-only leaves all others out)"
            )
        rows.append(values)
    return np.array(rows, np.float32).reshape(-1, 5)


def list_pictures(folder: Path, persons_only: bool = False) -> list[LabelledPicture]:
    """All pictures of a folder with their labels; of other data sets' classes (COCO's 80) persons alone where asked."""
    folder = Path(folder)
    if not (folder / "images").is_dir():
        raise TrainingError(f"{folder}: has no folder images/; run `label`, or lay it out as README.md says")
    found = [p for p in sorted((folder / "images").iterdir()) if p.suffix.lower() in PICTURE_SUFFIXES]
    if not found:
        raise TrainingError(f"{folder}/images: no pictures in it")
    return [LabelledPicture(p, read_labels(folder / "labels" / f"{p.stem}.txt", persons_only)) for p in found]


def read_picture(path: Path) -> np.ndarray:
    """A picture as BGR bytes."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise TrainingError(f"{path}: not a picture that can be decoded; remove it or replace it")
    return picture


def place(
    picture: np.ndarray, rows: np.ndarray, height: int, width: int, scale: float, left: float, top: float, mirror: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Scales a picture, moves it into a grey canvas, and moves its boxes along; boxes that mostly fall out are left
    out. Returns the canvas [h, w, 3] and [k, 5] (class, left, top, right, bottom in pixels)."""
    motion = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    if mirror:
        motion[0] = [-scale, 0, width - 1 - left]
    canvas = cv2.warpAffine(picture, motion, (width, height), borderValue=(GREY, GREY, GREY))
    sides = np.array([picture.shape[1], picture.shape[0]] * 2, np.float32)
    centre, size = rows[:, 1:3] * sides[:2], rows[:, 3:5] * sides[:2]
    corners = np.concatenate([centre - size / 2, centre + size / 2], 1) * scale + [left, top, left, top]
    if mirror:
        corners[:, [0, 2]] = width - corners[:, [2, 0]]
    clipped = corners.clip(0, [width, height, width, height])
    area = np.prod(corners[:, 2:] - corners[:, :2], 1)
    rest = np.prod(clipped[:, 2:] - clipped[:, :2], 1)
    kept = (rest > 0.4 * area) & (rest >= 16)
    return canvas, np.concatenate([rows[:, :1], clipped], 1)[kept].astype(np.float32)


def training_sample(
    sample: LabelledPicture, height: int, width: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A picture at a random scale and place, perhaps mirrored, with other brightness and contrast."""
    picture = read_picture(sample.path)
    fit = min(width / picture.shape[1], height / picture.shape[0])
    scale = fit * float(np.exp(generator.uniform(np.log(0.6), np.log(1.8))))
    free = np.array([width - picture.shape[1] * scale, height - picture.shape[0] * scale])
    left, top = generator.random(2) * free
    canvas, rows = place(picture, sample.boxes, height, width, scale, left, top, bool(generator.random() < 0.5))
    values = canvas.astype(np.float32)
    middle = values.mean()
    values = (values - middle) * generator.uniform(0.75, 1.25) + middle * generator.uniform(0.75, 1.25)
    values *= generator.uniform(0.94, 1.06, 3).astype(np.float32)
    return values.clip(0, 255), rows
