"""``python -m throughline_detector COMMAND``; see README.md."""

import argparse
import json
import os
import sys
from pathlib import Path

from throughline_reid.errors import TrainingError, run_command
from throughline_reid.places import user_cache


def _arguments(values: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughline_detector", description="Train a detector of persons and faces.")
    commands = parser.add_subparsers(dest="command", required=True)
    gather = commands.add_parser("gather", help="put pictures into one folder: archives, folders, videos, COCO, WIDER")
    gather.add_argument("target", type=Path)
    gather.add_argument("--persons", type=Path, nargs="*", default=[], help="archives or folders with persons labelled")
    gather.add_argument("--videos", type=Path, nargs="*", default=[], help="videos, nothing labelled")
    gather.add_argument("--every", type=int, default=25, help="take every Nth frame of a video")
    gather.add_argument("--coco", type=Path, nargs=2, metavar=("JSON", "PICTURES"))
    gather.add_argument("--wider", type=Path, nargs=2, metavar=("TXT", "PICTURES"))
    frames = commands.add_parser("frames", help="make a folder to evaluate on from a video with a MOT truth")
    frames.add_argument("video", type=Path)
    frames.add_argument("truth", type=Path)
    frames.add_argument("target", type=Path)
    frames.add_argument("--every", type=int, default=8, help="take every Nth frame")
    label = commands.add_parser("label", help="let teachers draw the boxes that are missing")
    label.add_argument("target", type=Path)
    models = user_cache() / "models"
    label.add_argument("--yolox", type=Path, default=models / "yolox-nano/yolox-nano.onnx")
    label.add_argument("--ssd", type=Path, default=models / "ssd-mobilenet-v2-coco/ssd-mobilenet-v2-coco-640x384.onnx")
    label.add_argument("--yunet", type=Path, default=models / "yunet-2023mar/face_detection_yunet_2023mar.onnx")
    label.add_argument("--threads", type=int, default=1)
    train = commands.add_parser("train", help="train, or go on after an interruption")
    train.add_argument("configuration", type=Path)
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replace one setting")
    train.add_argument("--run", type=Path, required=True, help="folder of the run")
    evaluate = commands.add_parser("evaluate", help="print AP50 of both classes")
    evaluate.add_argument("run", type=Path)
    evaluate.add_argument("--data", type=Path, nargs="+", required=True)
    evaluate.add_argument("--persons-only", action="store_true", help="leave out all classes but 0 (labels of coco128)")
    evaluate.add_argument("--json", type=Path, help="write the figures there as well")
    export = commands.add_parser("export", help="write one ONNX file for each size")
    export.add_argument("run", type=Path)
    export.add_argument("target", type=Path)
    return parser.parse_args(values)


def _gather(options: argparse.Namespace) -> None:
    from .label import gather_archive, gather_coco, gather_video, gather_wider

    count = sum(gather_archive(source, options.target) for source in options.persons)
    count += sum(gather_video(source, options.target, max(1, options.every)) for source in options.videos)
    if options.coco:
        count += gather_coco(*options.coco, options.target)
    if options.wider:
        count += gather_wider(*options.wider, options.target)
    if count == 0:
        raise TrainingError("nothing to gather: name --persons, --videos, --coco or --wider")
    print(f"{options.target}: {count} pictures gathered")


def _frames(options: argparse.Namespace) -> None:
    from .label import evaluation_frames

    count = evaluation_frames(options.video, options.truth, options.target, max(1, options.every))
    print(f"{options.target}: {count} frames")


def _label(options: argparse.Namespace) -> None:
    from .label import label
    from .teachers import Teachers

    teachers = Teachers(options.yolox, options.ssd, options.yunet, options.threads)
    print(f"{options.target}: {label(options.target, teachers)} pictures labelled")


def _train(options: argparse.Namespace) -> None:
    from .configuration import load_configuration
    from .train import Trainer

    Trainer(load_configuration(options.configuration, options.set), options.run).run()
    print(f"finished: {options.run}")


def _evaluate(options: argparse.Namespace) -> None:
    from .evaluate import evaluate_folder, network_finder
    from .train import load_run

    network, configuration = load_run(options.run)
    results = []
    for folder in options.data:
        for height, width in configuration.sizes:
            figures = evaluate_folder(folder, network_finder(network), height, width, options.persons_only)
            text = "  ".join(f"{name} AP50 {value:.1f}" for name, value in figures.items())
            print(f"{folder.name} {width}x{height}: {text}", flush=True)
            results.append({"data": folder.name, "width": width, "height": height, **figures})
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


def _export(options: argparse.Namespace) -> None:
    from .export import export_onnx
    from .train import load_run

    network, configuration = load_run(options.run)
    for height, width in configuration.sizes:
        file = options.target / f"{configuration.name}-{width}x{height}.onnx"
        export_onnx(network, height, width, file)
        print(file)


def main(values: list[str] | None = None) -> int:
    options = _arguments(values)
    # What the shipped configuration names, where the caller has not said otherwise.
    os.environ.setdefault("REID_CACHE", str(user_cache() / "training/reid"))
    os.environ.setdefault("DETECTOR_DATA", str(user_cache() / "training/detector/data"))
    command = {
        "gather": _gather,
        "frames": _frames,
        "label": _label,
        "train": _train,
        "evaluate": _evaluate,
        "export": _export,
    }
    return run_command(lambda: command[options.command](options))


if __name__ == "__main__":
    sys.exit(main())
