import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
torch.set_num_threads(1)


def write_crops(folder: Path, identities: int, cameras: int = 2, each: int = 2, size=(32, 16), seed: int = 1) -> Path:
    """Persons that differ by the colours of upper and lower body, a little noisy, in Market naming."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    for identity in range(1, identities + 1):
        upper, lower = generator.integers(30, 225, (2, 3))
        for camera in range(1, cameras + 1):
            for number in range(each):
                crop = np.empty((*size, 3), np.int64)
                crop[: size[0] // 2], crop[size[0] // 2 :] = upper, lower
                crop += generator.integers(-20, 21, crop.shape) + generator.integers(-8, 9)
                name = f"{identity:04}_c{camera}s1_{number:06}_00.png"
                cv2.imwrite(str(folder / name), crop.clip(0, 255).astype(np.uint8))
    return folder


@pytest.fixture
def crops(tmp_path):
    return write_crops(tmp_path / "crops", identities=6)
