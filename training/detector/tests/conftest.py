import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

_FOLDER = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_FOLDER), str(_FOLDER.parent / "reid")]
torch.set_num_threads(1)


def write_pictures(folder: Path, count: int, seed: int = 1, size=(96, 128)) -> Path:
    """Grey pictures with a blue upright box (a person) and, in it, a red square (a face), and their labels."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(exist_ok=True)
    generator = np.random.default_rng(seed)
    height, width = size
    for number in range(count):
        picture = np.full((height, width, 3), 120, np.uint8)
        w, h = 24, 60
        x, y = int(generator.integers(0, width - w)), int(generator.integers(0, height - h))
        picture[y : y + h, x : x + w] = (220, 40, 40)
        picture[y : y + 16, x + 4 : x + 20] = (40, 40, 220)
        cv2.imwrite(str(folder / "images" / f"{number:03}.png"), picture)
        rows = [
            (0, (x + w / 2) / width, (y + h / 2) / height, w / width, h / height),
            (1, (x + 12) / width, (y + 8) / height, 16 / width, 16 / height),
        ]
        text = "".join(" ".join(f"{v:.6f}" if i else str(v) for i, v in enumerate(row)) + "\n" for row in rows)
        (folder / "labels" / f"{number:03}.txt").write_text(text)
    return folder


@pytest.fixture
def pictures(tmp_path):
    return write_pictures(tmp_path / "pictures", 8)
