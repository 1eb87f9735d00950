"""From a finished run to the files that are shipped, with their accuracy side by side."""

import json
from pathlib import Path

import numpy as np
import torch

from .augmentation import normalise
from .errors import TrainingError
from .evaluate import evaluate_folder, file_digest, file_embedder, network_embedder
from .export import export_ir, export_onnx, load_run, quantise
from .naming import list_crops
from .networks import merged, multiply_accumulates
from .pictures import read_crop, resize
from .protocol import Figures, normalised


def calibration_batch(folders: list[Path], count: int, height: int, width: int) -> np.ndarray:
    """Crops drawn evenly from all folders, normalised [n, 3, height, width]."""
    paths = [crop.path for folder in folders for crop in list_crops(folder)]
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int)]
    crops = np.stack([resize(read_crop(p), height, width) for p in chosen])
    return normalise(torch.from_numpy(crops).permute(0, 3, 1, 2).float()).contiguous().numpy()


def deliver(
    run: Path,
    target: Path,
    calibration: list[Path],
    calibration_crops: int,
    data: list[Path],
    tolerance: float,
    threads: int,
    overrides: list[str] = (),
    report=print,
) -> None:
    """Exports, checks that the files compute what the network computes, evaluates, and keeps INT8 if it is as good."""
    torch.set_num_threads(threads)
    network, configuration, progress = load_run(run, overrides)
    height, width, name = configuration.input.height, configuration.input.width, configuration.name
    target.mkdir(parents=True, exist_ok=True)
    onnx_file = target / f"{name}.onnx"
    export_onnx(network, height, width, onnx_file)
    work = multiply_accumulates(merged(network), height, width)
    report(f"{onnx_file.name}: {onnx_file.stat().st_size / 1e6:.1f} MB, {work / 1e6:.0f} MMAC, {height}x{width}")
    files = {"onnx": onnx_file}
    noise = np.random.default_rng(0).integers(0, 256, (4, height, width, 3), dtype=np.uint8)
    wanted = normalised(network_embedder(network, height, width)[0](noise))
    found = normalised(file_embedder(onnx_file)[0](noise))
    if (wanted * found).sum(1).min() < 0.999:
        raise TrainingError(f"{onnx_file}: gives other embeddings than the network it was exported from")
    ir_file = target / f"{name}.xml"
    export_ir(onnx_file, ir_file)
    files["ir-fp16"] = ir_file
    if calibration:
        int8_file = target / f"{name}-int8.xml"
        quantise(onnx_file, calibration_batch(calibration, calibration_crops, height, width), int8_file)
        files["ir-int8"] = int8_file
    figures: dict[str, dict[str, Figures]] = {}
    for kind, file in files.items():
        embedder = file_embedder(file, threads=threads)
        figures[kind] = {folder.name: evaluate_folder(folder, *embedder) for folder in data}
        for folder, result in figures[kind].items():
            report(f"{kind:8} {folder:24} {result}")
    kept = True
    for folder in data if calibration else []:
        loss = figures["onnx"][folder.name].rank1 - figures["ir-int8"][folder.name].rank1
        if loss > tolerance:
            report(f"INT8 loses {loss:.1f} R1 on {folder.name}, more than {tolerance}: not kept")
            kept = False
    if not kept:
        for suffix in (".xml", ".bin"):
            files["ir-int8"].with_suffix(suffix).unlink()
        del files["ir-int8"]
    summary = {
        "name": name,
        "height": height,
        "width": width,
        "multiply_accumulates": work,
        "steps": progress["step"],
        "hours": round(progress["seconds"] / 3600, 2),
        "configuration": configuration.as_dictionary(),
        "sha256": {
            f.name: file_digest(f) for file in files.values() for f in (file, file.with_suffix(".bin")) if f.exists()
        },
        "figures": {kind: {k: vars(v) for k, v in figures[kind].items()} for kind in files},
    }
    (target / f"{name}.json").write_text(json.dumps(summary, indent=2) + "\n")
