"""Accuracy of any network on folders of crops."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .augmentation import normalise
from .errors import TrainingError
from .naming import CropName, list_crops, naming_scheme
from .pictures import read_crop, resize
from .protocol import Figures, normalised, rank

# Takes RGB crops of one size [n, h, w, 3] uint8, gives embeddings [n, d].
Embed = Callable[[np.ndarray], np.ndarray]

INPUTS = ("rgb-imagenet", "bgr-255")


def network_embedder(network: torch.nn.Module, height: int, width: int) -> tuple[Embed, int, int]:
    """A PyTorch network as a function on crops."""
    network.eval()
    device = next(network.parameters()).device

    def embed(crops: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            batch = normalise(torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float())
            return network(batch.contiguous(memory_format=torch.channels_last)).float().cpu().numpy()

    return embed, height, width


def file_embedder(model: Path, kind: str = "", threads: int = 1) -> tuple[Embed, int, int]:
    """An ONNX or OpenVINO network as a function on crops. ``kind`` is one of ``INPUTS``: what the network takes."""
    import openvino

    model = Path(model)
    if not model.is_file():
        raise TrainingError(f"{model}: no such network")
    if not kind:
        # Open Model Zoo's networks take plain BGR; all of ours take normalised RGB.
        kind = "bgr-255" if model.stem.startswith("person-reidentification-retail") else "rgb-imagenet"
    if kind not in INPUTS:
        raise TrainingError(f"--input {kind}: unknown; known are {', '.join(INPUTS)}")
    core = openvino.Core()
    try:
        network = core.read_model(str(model))
        shape = network.inputs[0].partial_shape
        height, width = shape[2].get_length(), shape[3].get_length()
        network.reshape([-1, 3, height, width])
        compiled = core.compile_model(
            network, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        )
    except RuntimeError as error:
        raise TrainingError(
            f"{model}: not a network that OpenVINO can read ({str(error).splitlines()[-1][:120]})"
        ) from error

    def embed(crops: np.ndarray) -> np.ndarray:
        if kind == "bgr-255":
            batch = np.ascontiguousarray(crops[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        else:
            batch = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).float()).contiguous().numpy()
        return compiled(batch)[0].reshape(len(crops), -1).copy()

    return embed, height, width


def _embed_all(crops: list[CropName], embed: Embed, height: int, width: int) -> np.ndarray:
    parts = []
    for start in range(0, len(crops), 32):
        some = crops[start : start + 32]
        parts.append(embed(np.stack([resize(read_crop(c.path), height, width) for c in some])))
    return np.concatenate(parts)


def _identities(crops: list[CropName]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c.identity for c in crops]), np.array([c.camera for c in crops])


def evaluate_folder(folder: Path, embed: Embed, height: int, width: int) -> Figures:
    """Market-1501's layout (``query``, ``bounding_box_test``), a plain folder in Market naming, or CUHK01's folder.

    A folder without ``query`` is split by camera: the lowest camera asks, the others answer.
    """
    folder = Path(folder)
    if (folder / "query").is_dir():
        query, gallery = list_crops(folder / "query"), list_crops(folder / "bounding_box_test")
    else:
        crops = list_crops(folder, naming_scheme(folder))
        if len({c.camera for c in crops}) < 2:
            raise TrainingError(f"{folder}: all crops are of one camera; evaluation needs at least two")
        asking = min(c.camera for c in crops)
        query = [c for c in crops if c.camera == asking]
        gallery = [c for c in crops if c.camera != asking]
    return rank(
        _embed_all(query, embed, height, width),
        *_identities(query),
        _embed_all(gallery, embed, height, width),
        *_identities(gallery),
    )


def similarity_summary(folder: Path, embed: Embed, height: int, width: int) -> dict[str, float]:
    """Cosine of same and different persons across cameras: what thresholds of a gallery are chosen by."""
    crops = list_crops(folder, "cuhk01")
    identities, cameras = _identities(crops)
    vectors = normalised(_embed_all(crops, embed, height, width))
    asking, answering = cameras == 1, cameras == 2
    cosine = vectors[asking] @ vectors[answering].T
    same = identities[asking][:, None] == identities[answering][None, :]
    return {
        "same_mean": float(cosine[same].mean()),
        "same_5_percent": float(np.quantile(cosine[same], 0.05)),
        "different_mean": float(cosine[~same].mean()),
        "different_99_percent": float(np.quantile(cosine[~same], 0.99)),
        "different_99.9_percent": float(np.quantile(cosine[~same], 0.999)),
    }


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
