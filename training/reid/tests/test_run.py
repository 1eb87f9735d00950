import json

import numpy as np
import pytest
import torch
from conftest import tiny_values, write_crops

from throughline_reid.__main__ import main
from throughline_reid.configuration import load_configuration, parse_configuration
from throughline_reid.errors import TrainingError
from throughline_reid.evaluate import evaluate_folder, file_embedder, network_embedder
from throughline_reid.export import load_run
from throughline_reid.teacher import compute_targets, load_targets
from throughline_reid.train import Trainer, class_means


def _quiet(*_):
    pass


@pytest.mark.parametrize(
    "change, message",
    [
        ({"colour": 1}, "colour: unknown setting"),
        ({"schedule": {"epochs": 1, "minutes": 2}}, "either"),
        ({"schedule": {"epochs": -1}}, "schedule.epochs: must not be negative"),
        ({"schedule": {"epochs": "many"}}, "schedule.epochs: expected float"),
        ({"batch": {"identities": 4, "crops": 1}}, "no triplet"),
        ({"input": {"height": 100, "width": 64}}, "multiples of 16"),
        ({"folders": []}, "at least one folder"),
        ({"loss": {"direction": 1}}, "need a teacher"),
        ({"network": {"kind": 5}}, "network.kind: expected str"),
    ],
)
def test_faulty_configurations_are_named(change, message):
    with pytest.raises(TrainingError, match=message):
        parse_configuration({**tiny_values("x"), **change})


def test_overrides(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("folders: [a]\nschedule: {epochs: 5}\n")
    configuration = load_configuration(file, ["schedule.learning_rate=0.5", "loss.triplet=0"])
    assert configuration.schedule.learning_rate == 0.5 and configuration.loss.triplet == 0
    with pytest.raises(TrainingError, match="KEY=VALUE"):
        load_configuration(file, ["schedule"])
    file.write_text("folders: [")
    with pytest.raises(TrainingError, match="cannot be read as YAML"):
        load_configuration(file)


def test_shipped_configurations_are_valid(monkeypatch):
    from pathlib import Path

    files = sorted((Path(__file__).resolve().parents[1] / "configs").glob("*.yaml"))
    assert len(files) >= 3
    for file in files:
        load_configuration(file)


def test_training_lowers_the_loss_and_goes_on_after_an_interruption(tmp_path, crops):
    still = dict.fromkeys(("flip", "shift", "scale", "brightness", "channel_gain", "contrast", "erase"), 0)
    schedule = {"epochs": 20, "warm_up_steps": 2, "learning_rate": 1e-3, "head_learning_rate": 1e-2}
    configuration = parse_configuration(tiny_values(crops, schedule=schedule, augmentation=still))
    trainer = Trainer(configuration, tmp_path / "run", tmp_path / "cache", _quiet)
    first = sum(trainer.step()["identity"] for _ in range(3))
    trainer.save()
    expected = trainer.sampler.next()
    again = Trainer(configuration, tmp_path / "run", tmp_path / "cache", _quiet)
    assert again.progress.step == 3
    assert np.array_equal(again.sampler.next(), expected)
    assert all(
        torch.equal(a, b) for a, b in zip(again.network.state_dict().values(), trainer.network.state_dict().values())
    )
    for _ in range(20):
        again.step()
    last = sum(again.step()["identity"] for _ in range(3))
    assert last < 0.8 * first


def test_a_run_starts_from_another(tmp_path, crops):
    first = Trainer(parse_configuration(tiny_values(crops)), tmp_path / "first", tmp_path / "cache", _quiet)
    first.step()
    first.save()
    network = {"kind": "repvgg-s", "dimension": 16, "start": str(tmp_path / "first")}
    second = Trainer(
        parse_configuration(tiny_values(crops, network=network)), tmp_path / "second", tmp_path / "cache", _quiet
    )
    assert second.progress.step == 0
    expected = first.average.network.state_dict()
    for found in (second.network, second.average.network):
        assert all(torch.equal(expected[key], value) for key, value in found.state_dict().items())
    assert torch.equal(second.classifier.weight, first.classifier.weight)
    for folder, dimension, message in (("none", 16, "holds no checkpoint"), ("first", 24, "is of another network")):
        network |= {"start": str(tmp_path / folder), "dimension": dimension}
        with pytest.raises(TrainingError, match=message):
            Trainer(
                parse_configuration(tiny_values(crops, network=network)), tmp_path / "x", tmp_path / "cache", _quiet
            )


def test_later_batches_mix_both_sizes(tmp_path, crops):
    schedule = {"epochs": 3, "early_share": 0.5, "early_height": 16, "early_width": 16, "mixed_share": 0.4}
    trainer = Trainer(
        parse_configuration(tiny_values(crops, schedule=schedule)), tmp_path / "run", tmp_path / "c", _quiet
    )
    assert {trainer.input_size() for _ in range(20)} == {(16, 16)}
    trainer.progress.step = trainer.progress.total_steps - 1
    sizes = [trainer.input_size() for _ in range(200)]
    assert set(sizes) == {(16, 16), (32, 16)}
    assert 50 < sizes.count((16, 16)) < 110


def test_one_run_gives_networks_of_two_sizes(tmp_path, crops):
    Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    arguments = ["export", str(tmp_path / "run"), str(tmp_path / "target"), "--set", "name=small"]
    assert main([*arguments, "--set", "input.height=16"]) == 0
    summary = json.loads((tmp_path / "target/small.json").read_text())
    assert (summary["height"], summary["width"]) == (16, 16)
    assert main([*arguments, "--set", "input.height=17"]) == 1


def test_interrupt_saves(tmp_path, crops, monkeypatch):
    trainer = Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet)
    original, calls = trainer.step, []

    def step():
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original()

    monkeypatch.setattr(trainer, "step", step)
    with pytest.raises(TrainingError, match="goes on at step 2"):
        trainer.run()
    assert (
        Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).progress.step
        == 2
    )


def test_checkpoint_of_other_data_or_network_is_refused(tmp_path, crops):
    Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    other = write_crops(tmp_path / "others", 4)
    with pytest.raises(TrainingError, match="knows 6 identities, the data holds 4"):
        Trainer(parse_configuration(tiny_values(other)), tmp_path / "run", tmp_path / "cache", _quiet)
    larger = tiny_values(crops, network={"kind": "repvgg-s", "dimension": 24})
    with pytest.raises(TrainingError, match="of another network"):
        Trainer(parse_configuration(larger), tmp_path / "run", tmp_path / "cache", _quiet)
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(TrainingError, match="cannot be read"):
        Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet)


def test_teacher_may_be_unfinished(tmp_path, crops, teacher, monkeypatch):
    monkeypatch.setattr("throughline_reid.teacher._BLOCK", 8)
    values = tiny_values(crops, teacher=str(teacher), loss={"direction": 5.0, "relation": 5.0})
    values["network"] = {"kind": "repvgg-s", "dimension": 18}
    configuration = parse_configuration(values)
    with pytest.raises(TrainingError, match="run `teach`"):
        Trainer(configuration, tmp_path / "run", tmp_path / "cache", _quiet)
    from throughline_reid.dataset import load_training_set

    data = load_training_set([crops], 32, 16, tmp_path / "cache" / "arrays")

    def stop_after_first(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_targets(teacher, data, tmp_path / "cache" / "teacher", report=stop_after_first)
    targets, share = load_targets(teacher, data, tmp_path / "cache" / "teacher")
    assert share == pytest.approx(8 / 24) and np.isfinite(targets[:, 0]).sum() == 8
    losses = Trainer(configuration, tmp_path / "run", tmp_path / "cache", _quiet).step()
    assert set(losses) >= {"identity", "triplet"}
    compute_targets(teacher, data, tmp_path / "cache" / "teacher", report=_quiet)
    targets, share = load_targets(teacher, data, tmp_path / "cache" / "teacher")
    assert share == 1 and np.allclose(np.linalg.norm(targets, axis=1), 1, atol=1e-5)
    means, present = class_means(targets, data.labels, 6)
    assert present.all() and np.allclose(means[0], targets[:4].sum(0), atol=1e-5)
    assert "direction" in Trainer(configuration, tmp_path / "run", tmp_path / "cache", _quiet).step()
    values["network"]["dimension"] = 20
    with pytest.raises(TrainingError, match="the teacher gives 18"):
        Trainer(parse_configuration(values), tmp_path / "other", tmp_path / "cache", _quiet)


def test_missing_teacher_is_named(tmp_path, crops):
    values = tiny_values(crops, teacher=str(tmp_path / "absent.xml"))
    with pytest.raises(TrainingError, match="absent.xml: teacher not found"):
        Trainer(parse_configuration(values), tmp_path / "run", tmp_path / "cache", _quiet)


def test_export_computes_the_same(tmp_path, crops):
    Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    target = tmp_path / "target"
    assert main(["export", str(tmp_path / "run"), str(target), "--data", str(crops)]) == 0
    assert {p.name for p in target.iterdir()} == {"tiny.onnx", "tiny.xml", "tiny.bin", "tiny.json"}
    network, _, _ = load_run(tmp_path / "run")
    noise = np.random.default_rng(1).integers(0, 256, (3, 32, 16, 3), dtype=np.uint8)
    expected = network_embedder(network, 32, 16)[0](noise)
    for name in ("tiny.onnx", "tiny.xml"):
        embed, height, width = file_embedder(target / name)
        found = embed(noise)
        assert (height, width) == (32, 16)
        assert np.allclose(found, expected, rtol=0.02, atol=0.01 * np.abs(expected).max())
    summary = json.loads((target / "tiny.json").read_text())
    assert summary["figures"]["onnx"]["crops"]["queries"] == 12


def test_int8_is_kept_only_if_it_is_as_good(tmp_path, crops):
    pytest.importorskip("nncf")
    Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    command = ["export", str(tmp_path / "run"), "", "--data", str(crops), "--calibration", str(crops)]
    command += ["--calibration-crops", "4", "--tolerance"]
    for tolerance, kept in (("100", True), ("-100", False)):
        target = tmp_path / f"target{tolerance}"
        command[2] = str(target)
        assert main([*command[:-1], f"--tolerance={tolerance}"]) == 0
        assert (target / "tiny-int8.xml").exists() == kept
        assert ("ir-int8" in json.loads((target / "tiny.json").read_text())["figures"]) == kept


def test_colours_are_found_again(tmp_path, teacher):
    crops = write_crops(tmp_path / "many", 12, size=(64, 32))
    figures = evaluate_folder(crops, *file_embedder(teacher, "bgr-255"))
    assert figures.queries == 24 and figures.rank1 > 90


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "no pictures in it"),
        ({"holiday.jpg": b"x"}, "holiday.jpg"),
        ({"0001_c1s1_0_0.jpg": b"no picture", "0001_c2s1_0_0.jpg": b"no picture"}, "0001_c1s1_0_0.jpg: not a picture"),
        ({"0001_c1s1_0_0.jpg": b"x", "0002_c1s1_0_0.jpg": b"x"}, "one camera"),
    ],
)
def test_faulty_folders_end_every_command_with_one_line(tmp_path, capsys, files, message):
    folder = tmp_path / "faulty"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    good = write_crops(tmp_path / "good", 6)
    Trainer(parse_configuration(tiny_values(good)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    before = (tmp_path / "run/checkpoint.pt").read_bytes()
    (tmp_path / "c.yaml").write_text(json.dumps(tiny_values(folder)))
    (tmp_path / "good.yaml").write_text(json.dumps(tiny_values(good)))
    commands = [["evaluate", str(tmp_path / "run"), "--data", str(folder)]]
    commands.append(["train", str(tmp_path / "c.yaml"), "--run", str(tmp_path / "run")])
    if "one camera" not in message:
        commands.append(["export", str(tmp_path / "run"), str(tmp_path / "t"), "--calibration", str(folder)])
    for command in commands:
        # A training run decodes before it looks at cameras, so it names the crop that is no picture.
        expected = "not a picture" if command[0] == "train" and "one camera" in message else message
        assert main(["--cache", str(tmp_path / "cache"), *command]) == 1
        errors = capsys.readouterr().err.strip()
        assert expected in errors and "\n" not in errors
    assert (tmp_path / "run/checkpoint.pt").read_bytes() == before, "nothing is lost"


def test_what_was_measured_before_a_fault_is_written(tmp_path, crops):
    Trainer(parse_configuration(tiny_values(crops)), tmp_path / "run", tmp_path / "cache", _quiet).save()
    command = ["evaluate", str(tmp_path / "run"), "--data", str(crops), str(tmp_path / "absent")]
    assert main([*command, "--json", str(tmp_path / "figures.json")]) == 1
    assert [row["data"] for row in json.loads((tmp_path / "figures.json").read_text())] == ["crops"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, crops, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert main(["prepare", str(crops), str(tmp_path / "file/target")]) == 1
    errors = capsys.readouterr().err.strip()
    assert str(tmp_path / "file") in errors and "\n" not in errors


def test_commands_end_with_one_line(tmp_path, crops, capsys):
    assert main(["evaluate", str(tmp_path / "absent.onnx"), "--data", str(crops)]) == 1
    assert capsys.readouterr().err.strip().count("\n") == 0
    assert main(["export", str(tmp_path), str(tmp_path / "target")]) == 1
    assert "no checkpoint" in capsys.readouterr().err
    one_camera = write_crops(tmp_path / "single", 3, cameras=1)
    (tmp_path / "net.onnx").write_bytes(b"no network")
    assert main(["evaluate", str(tmp_path / "net.onnx"), "--data", str(one_camera)]) == 1
    assert "not a network" in capsys.readouterr().err
