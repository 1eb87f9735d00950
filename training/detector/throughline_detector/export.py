"""Writes a trained detector as ONNX in YOLOX's output form."""

import copy
from pathlib import Path

import torch

from .networks import NanoDetector, fold_batch_norm


def export_onnx(network: NanoDetector, height: int, width: int, file: Path) -> None:
    """ONNX with a batch of one; input ``pictures`` [1, 3, h, w], output ``boxes`` [1, cells, 5 + classes]."""
    plain = copy.deepcopy(network).cpu().eval().to(memory_format=torch.contiguous_format)
    fold_batch_norm(plain)
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        plain,
        (torch.zeros(1, 3, height, width),),
        str(file),
        input_names=["pictures"],
        output_names=["boxes"],
        opset_version=17,
        dynamo=False,
    )
