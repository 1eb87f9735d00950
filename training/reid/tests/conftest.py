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


def tiny_values(crops: Path, **more) -> dict:
    """The values of a configuration that trains in a moment."""
    return {
        "name": "tiny",
        "folders": [str(crops)],
        "network": {"kind": "repvgg-s", "dimension": 16},
        "input": {"height": 32, "width": 16},
        "stored": {"height": 32, "width": 16},
        "batch": {"identities": 3, "crops": 3},
        "schedule": {"epochs": 3, "warm_up_steps": 2, "average_decay": 0.5},
        **more,
    }


def write_teacher(file: Path) -> Path:
    """A teacher in OpenVINO IR: mean colours of six stripes, 18 values."""
    import openvino
    from openvino import opset13 as ops

    crops = ops.parameter([1, 3, 48, 24], np.float32, name="data")
    stripes = ops.adaptive_avg_pool(crops, ops.constant(np.array([6, 1]))).output(0)
    flat = ops.reshape(stripes, ops.constant(np.array([0, 18])), True)
    openvino.save_model(openvino.Model([flat], [crops], "teacher"), str(file))
    return file


@pytest.fixture
def teacher(tmp_path):
    return write_teacher(tmp_path / "teacher.xml")
