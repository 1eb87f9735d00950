"""The recipe as a user runs it, in processes of its own: interruptions, run.sh, what the container holds."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import tiny_values, write_crops, write_teacher

FOLDER = Path(__file__).resolve().parents[1]


def _environment(tmp_path, **more):
    kept = {key: value for key, value in os.environ.items() if key not in ("XDG_CACHE_HOME", "TRAINING_SETTINGS")}
    return {**kept, "HOME": str(tmp_path / "home"), "PYTHON": sys.executable, **more}


def _start(arguments, tmp_path):
    return subprocess.Popen(
        [sys.executable, "-m", "throughline_reid", *map(str, arguments)],
        cwd=FOLDER, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_goes_on(tmp_path, crops, number):
    schedule = {"epochs": 2000, "warm_up_steps": 2, "checkpoint_seconds": 0}
    file, run = tmp_path / "c.yaml", tmp_path / "run"
    file.write_text(json.dumps(tiny_values(crops, schedule=schedule)))
    training = _start(["train", file, "--run", run], tmp_path)
    while not (run / "checkpoint.pt").exists() and training.poll() is None:
        time.sleep(0.02)
    training.send_signal(number)
    said = training.communicate()[0]
    if number != signal.SIGKILL:
        assert training.returncode == 1 and "the same command goes on at step" in said
    # What a killed process was writing at that moment.
    half = run / f"checkpoint.pt.{training.pid}.partial"
    half.write_bytes(b"half")
    again = _start(["train", file, "--run", run], tmp_path)
    line = next((text for text in again.stdout if "continuing" in text), "")
    assert int(re.search(r"continuing at step (\d+)", line)[1]) >= 1
    while half.exists() and again.poll() is None:
        time.sleep(0.02)
    again.terminate()
    said = again.communicate()[0]
    assert again.returncode == 1 and "the same command goes on at step" in said
    assert not half.exists()


@pytest.mark.parametrize("kind", ["repvgg-s", "mobilenet-v2"])
def test_a_network_trains_at_its_own_size(tmp_path, kind):
    """In a process of its own: a library that writes beyond its memory ends it by a signal."""
    size = {"height": 256, "width": 128}
    batch = {"identities": 4, "crops": 4}
    values = tiny_values(write_crops(tmp_path / "crops", 8, size=(64, 32)), input=size, stored=size, batch=batch)
    values["network"] = {"kind": kind, "dimension": 256}
    (tmp_path / "c.yaml").write_text(json.dumps(values))
    training = _start(["train", tmp_path / "c.yaml", "--run", tmp_path / "run", "--set", "schedule.epochs=2"], tmp_path)
    said = training.communicate()[0]
    assert training.returncode == 0, said


@pytest.fixture
def shared(tmp_path):
    """A folder laid out as run.sh wants it, with a few made-up persons."""
    root = tmp_path / "shared"
    (root / "data/reid-train").mkdir(parents=True)
    (root / "data/detection-train").mkdir()

    def archive(file, folder):
        with tarfile.open(root / "data" / file, "w:gz") as opened:
            opened.add(folder, "crops")

    archive("reid-train/market1501-bounding_box_train.tar.gz", write_crops(tmp_path / "a", 8))
    other = write_crops(tmp_path / "b", 4, seed=2)
    for number, path in enumerate(sorted(other.iterdir())):
        person, place = divmod(number, 4)
        path.rename(other / f"{person:04}_{place + 3 * (place > 1):02}.png")
    archive("reid-train/cuhk03-pair1-train743-detected-64x128.tar.gz", other)
    street = tmp_path / "street"
    for part in ("images", "labels"):
        (street / part).mkdir(parents=True)
    cv2.imwrite(str(street / "images/1.png"), np.full((200, 200, 3), 90, np.uint8))
    (street / "labels/1.txt").write_text("0 0.5 0.5 0.2 0.6\n0 0.3 0.5 0.2 0.6\n")
    archive("detection-train/pedestrians-1569.tar.gz", street)
    (root / "data/reid").mkdir()
    market = root / "data/reid/market1501-dev150"
    for name, seed in (("query", 3), ("bounding_box_test", 3)):
        write_crops(market / name, 5, seed=seed)
    cuhk = write_crops(tmp_path / "c", 5, seed=4)
    (root / "data/reid/cuhk01-0001-0485").mkdir()
    for number, path in enumerate(sorted(cuhk.iterdir())):
        path.rename(root / f"data/reid/cuhk01-0001-0485/{number // 4 + 1:04}{number % 4 + 1:03}.png")
    (root / "models").mkdir()
    write_teacher(root / "models/teacher.xml")
    return root


def test_one_command_leads_from_the_archives_to_the_networks(tmp_path, shared):
    pytest.importorskip("nncf")
    values = tiny_values(
        "unused",
        teacher="$THROUGHLINE_SHARED/models/teacher.xml",
        folders=[f"$REID_CACHE/data/{name}" for name in ("market1501", "cuhk03", "pedestrians")],
        network={"kind": "repvgg-s", "dimension": 18},
        loss={"direction": 5.0, "relation": 5.0},
    )
    values["batch"]["unlabelled"] = 2
    configuration = tmp_path / "tiny.yaml"
    configuration.write_text(json.dumps(values))
    command = [FOLDER / "run.sh", configuration, tmp_path / "target", "name=other"]
    more = {"THROUGHLINE_SHARED": str(shared), "TRAINING_SETTINGS": "schedule.epochs=1 seed=3"}
    for _ in range(2):
        done = subprocess.run(
            command, env=_environment(tmp_path, **more), capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "continuing at step 6 (100%)" in done.stdout, "what is finished is found and kept"
    summary = json.loads((tmp_path / "target/other.json").read_text())
    assert summary["configuration"]["seed"] == 3 and summary["steps"] == 6
    assert set(summary["figures"]["onnx"]) == {"market1501-dev150", "cuhk01-0001-0485"}
    files = {p.name for p in (tmp_path / "target").iterdir()}
    assert {"other.onnx", "other.xml", "other.bin", "other.json"} <= files
    assert ("other-int8.xml" in files) == ("ir-int8" in summary["figures"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"THROUGHLINE_SHARED": "/nonexistent"}, "set THROUGHLINE_SHARED"),
        ({"PYTHON": "/bin/false"}, "run make setup"),
    ],
)
def test_run_says_what_it_lacks(tmp_path, shared, change, message):
    environment = _environment(tmp_path, **{"THROUGHLINE_SHARED": str(shared), **change})
    command = [FOLDER / "run.sh", FOLDER / "configs/throughline-reid-s-cpu.yaml", tmp_path / "target"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1


def test_the_container_holds_what_its_command_needs(tmp_path, crops):
    """No container is built here: the folder that the Dockerfile describes is made, and its command run in it."""
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    work = tmp_path / "training"
    work.mkdir()
    for line in lines:
        if line.startswith("COPY "):
            source, target = line.split()[1:]
            copy = shutil.copytree if (FOLDER / source).is_dir() else shutil.copy
            copy(FOLDER / source, work / (source if target == "." else target))
    command = json.loads(next(line for line in lines if line.startswith("ENTRYPOINT ")).removeprefix("ENTRYPOINT "))
    command[0] = sys.executable
    tiny = ["network.dimension=16", "batch.identities=3", "schedule.epochs=1", f"folders=[{crops}]"]
    tiny += [f"{part}.{side}={size}" for part in ("input", "stored") for side, size in (("height", 32), ("width", 16))]
    settings = [text for setting in tiny for text in ("--set", setting)]
    run = tmp_path / "home/.cache/throughline/training/reid/runs/own-reid"
    for arguments in (
        ["train", "configs/own-crops.yaml", *settings],
        ["export", str(run), str(tmp_path / "networks"), "--data", str(crops)],
    ):
        done = subprocess.run(
            [*command, *arguments], cwd=work, env=_environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "networks/own-reid.onnx").is_file()
