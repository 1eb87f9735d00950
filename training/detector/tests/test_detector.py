import json
import tarfile

import cv2
import numpy as np
import pytest
import torch
from throughline_reid.errors import TrainingError

from throughline_detector import label as labelling
from throughline_detector.__main__ import main
from throughline_detector.configuration import load_configuration, parse_configuration
from throughline_detector.dataset import list_pictures, place, read_labels, read_picture, training_sample
from throughline_detector.evaluate import evaluate_folder
from throughline_detector.export import export_onnx
from throughline_detector.losses import assign, detection_loss, generalised_overlap
from throughline_detector.networks import NanoDetector, boxes, cells
from throughline_detector.train import Trainer, load_run

SIZE = [96, 128]


def _values(folder, **more):
    return {
        "folders": [str(folder)], "sizes": [SIZE], "batch": 4, "epochs": 2, "width": 16, "warm_up_steps": 1, **more
    }  # fmt: skip


def _quiet(*_):
    pass


class FixedTeachers:
    """Teachers that always see one person and one face."""

    def persons(self, _):
        return [[0.5, 0.5, 0.2, 0.4]]

    def faces(self, _):
        return [[0.5, 0.4, 0.1, 0.1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0.5 0.5 0.1", "000.txt:1"),
        ("0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1", "000.txt:2: class 2 is unknown"),
        ("0 0.5 1.5 0.1 0.1", "fractions"),
        ("person 0.5 0.5 0.1 0.1", "000.txt:1"),
    ],
)
def test_faulty_labels_are_named_with_their_line(pictures, text, message):
    (pictures / "labels/000.txt").write_text(text)
    with pytest.raises(TrainingError, match=message):
        list_pictures(pictures)


def test_faulty_folders_are_named(tmp_path, pictures):
    with pytest.raises(TrainingError, match="images"):
        list_pictures(tmp_path / "nowhere")
    (tmp_path / "empty/images").mkdir(parents=True)
    with pytest.raises(TrainingError, match="no pictures"):
        list_pictures(tmp_path / "empty")
    (pictures / "images/000.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"000\.png"):
        read_picture(list_pictures(pictures)[0].path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 1}, "epoch: unknown setting"),
        ({"batch": "many"}, "batch: expected int"),
        ({"minutes": 3}, "either `epochs` or `minutes`"),
        ({"sizes": [[100, 128]]}, "multiples of 32"),
        ({"folders": []}, "name at least one folder"),
        ({"learning_rate": -1}, "must not be negative"),
    ],
)
def test_faulty_configurations_are_named(pictures, change, message):
    with pytest.raises(TrainingError, match=message):
        parse_configuration(_values(pictures, **change))


def test_the_shipped_configuration_is_valid():
    from pathlib import Path

    file = Path(__file__).parents[1] / "configs/throughline-detector-n.yaml"
    assert load_configuration(file, ["epochs=0", "minutes=5"]).minutes == 5


@pytest.mark.parametrize("mirror", [False, True])
def test_boxes_move_with_their_pixels(pictures, mirror):
    sample = list_pictures(pictures)[0]
    picture = read_picture(sample.path)
    canvas, rows = place(picture, sample.boxes, 192, 256, 1.5, 30, 20, mirror)
    face = rows[rows[:, 0] == 1][0, 1:]
    red = (canvas[..., 2] > 180) & (canvas[..., 0] < 100)
    y, x = np.nonzero(red)
    assert np.abs(face - [x.min(), y.min(), x.max() + 1, y.max() + 1]).max() <= 2.5


def test_boxes_that_fall_out_are_left_out(pictures):
    sample = list_pictures(pictures)[0]
    assert len(place(read_picture(sample.path), sample.boxes, 96, 128, 1, 500, 0, False)[1]) == 0


def test_training_samples_stay_in_the_canvas(pictures):
    generator = np.random.default_rng(3)
    for sample in list_pictures(pictures) * 4:
        canvas, rows = training_sample(sample, 64, 96, generator)
        assert canvas.shape == (64, 96, 3) and canvas.min() >= 0 and canvas.max() <= 255
        assert (rows[:, 1:] >= 0).all() and (rows[:, [1, 3]] <= 96).all() and (rows[:, [2, 4]] <= 64).all()


def test_every_box_has_a_cell_and_small_ones_come_first():
    places, strides = cells(128, 128)
    truth = torch.tensor([[0, 0, 0, 128, 128], [1, 60, 60, 63, 63], [0, 20, 20, 60, 90.0]])
    chosen = assign(truth, places, strides)
    assert {0, 1, 2} <= set(chosen.tolist())
    assert set(strides[chosen == 0].tolist()) == {16.0} and set(strides[chosen == 1].tolist()) == {8.0}
    assert (assign(torch.zeros(0, 5), places, strides) == -1).all()


def test_boxes_are_read_as_the_program_reads_them():
    from throughline_detector.measures import decode_yolox

    generator = np.random.default_rng(0)
    values = generator.normal(size=(len(cells(64, 96)[0]), 7)).astype(np.float32)
    assert np.allclose(
        boxes(torch.from_numpy(values), *cells(64, 96)).numpy(), decode_yolox(values, 96, 64)[:, :4], atol=1e-3
    )


def test_overlap():
    first = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 10.0]])
    second = torch.tensor([[0, 0, 10, 10], [20, 0, 30, 10.0]])
    overlap, generalised = generalised_overlap(first, second)
    assert overlap.tolist() == pytest.approx([1, 0]) and generalised.tolist() == pytest.approx([1, -1 / 3])


def test_a_batch_without_boxes_has_a_loss():
    network = NanoDetector(16)
    losses = detection_loss(network.raw(torch.zeros(1, 3, 64, 64)), [torch.zeros(0, 5)], 64, 64)
    sum(losses.values()).backward()
    assert all(torch.isfinite(v) for v in losses.values())


def test_training_lowers_the_loss(tmp_path, pictures):
    values = _values(pictures, epochs=20, batch=4, learning_rate=4e-3, warm_up_steps=5)
    trainer = Trainer(parse_configuration(values), tmp_path / "run", _quiet)
    totals = []
    while not trainer.progress.finished:
        totals.append(sum(trainer.step().values()))
    assert np.mean(totals[-5:]) < 0.8 * np.mean(totals[:5])


def test_a_folder_without_boxes_cannot_be_measured(pictures):
    for file in (pictures / "labels").iterdir():
        file.write_text("")
    with pytest.raises(TrainingError, match="no box"):
        evaluate_folder(pictures, lambda _: np.zeros((len(cells(*SIZE)[0]), 7), np.float32), *SIZE)


def test_perfect_answers_have_full_precision(pictures):
    """The evaluation on answers that are made from the labels, and on none."""
    places, strides = cells(*SIZE)
    samples = iter(list_pictures(pictures))

    def find(_):
        rows = next(samples).boxes
        values = np.zeros((len(places), 7), np.float32)
        for index, (kind, x, y, w, h) in enumerate(rows):
            stride, (column, row) = float(strides[index]), places[index].tolist()
            values[index, :4] = [
                x * 128 / stride - column, y * 96 / stride - row, np.log(w * 128 / stride), np.log(h * 96 / stride)
            ]  # fmt: skip
            values[index, 4], values[index, 5 + int(kind)] = 1, 1
        return values

    assert evaluate_folder(pictures, find, *SIZE) == {"person": 100.0, "face": 100.0}
    assert evaluate_folder(pictures, lambda _: np.zeros((len(places), 7), np.float32), *SIZE) == {
        "person": 0.0,
        "face": 0.0,
    }


def test_labels_of_other_data_sets_count_for_persons_alone(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("45 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.2 0.4\n1 0.5 0.5 0.1 0.1\n")
    with pytest.raises(TrainingError, match="class 45"):
        read_labels(file)
    assert read_labels(file, persons_only=True)[:, 0].tolist() == [0]


def test_a_run_goes_on_after_an_interruption(tmp_path, pictures, monkeypatch, capsys):
    configuration = parse_configuration(_values(pictures, epochs=3))
    trainer = Trainer(configuration, tmp_path / "run", _quiet)
    real = trainer.step

    def step():
        if trainer.progress.step == 2:
            raise KeyboardInterrupt
        return real()

    monkeypatch.setattr(trainer, "step", step)
    with pytest.raises(TrainingError, match="goes on at step 2"):
        trainer.run()
    lines = []
    again = Trainer(configuration, tmp_path / "run", lines.append)
    assert again.progress.step == 2 and "continuing at step 2" in lines[0]
    again.run()
    assert load_run(tmp_path / "run")[1] == configuration
    other = parse_configuration(_values(pictures, width=24))
    with pytest.raises(TrainingError, match="another network"):
        Trainer(other, tmp_path / "run", _quiet)


def test_a_picture_that_is_none_ends_a_run_and_loses_nothing(tmp_path, pictures):
    configuration = parse_configuration(_values(pictures, epochs=50, batch=4))
    trainer = Trainer(configuration, tmp_path / "run", _quiet)
    trainer.step()
    (pictures / "images/000.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"000\.png"):
        trainer.run()
    steps = trainer.progress.step
    (pictures / "images/000.png").write_bytes((pictures / "images/001.png").read_bytes())
    assert Trainer(configuration, tmp_path / "run", _quiet).progress.step == steps >= 1


def test_pictures_without_boxes_are_refused(tmp_path, pictures):
    for file in (pictures / "labels").iterdir():
        file.unlink()
    with pytest.raises(TrainingError, match="no picture has a box"):
        Trainer(parse_configuration(_values(pictures)), tmp_path / "run", _quiet)


def test_export_computes_the_same(tmp_path):
    import openvino

    network = NanoDetector(16).eval()
    export_onnx(network, 64, 96, tmp_path / "d.onnx")
    picture = torch.rand(1, 3, 64, 96) * 255
    compiled = openvino.Core().compile_model(str(tmp_path / "d.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.inference_mode():
        assert np.allclose(compiled(picture.numpy())[0], network(picture).numpy(), atol=1e-3)


def test_archives_keep_their_persons_and_teachers_add_faces(tmp_path, pictures):
    archive = tmp_path / "street.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(pictures, "street")
    target = tmp_path / "data"
    assert labelling.gather_archive(archive, target) == 8
    assert labelling.label(target, FixedTeachers(), _quiet) == 8
    first = list_pictures(target)[0].boxes
    assert np.allclose(first[first[:, 0] == 0][0], list_pictures(pictures)[0].boxes[0], atol=1e-4)
    assert first[first[:, 0] == 1][0].tolist() == pytest.approx([1, 0.5, 0.4, 0.1, 0.1])
    label = target / "labels/street-000.txt"
    label.write_text("0 0.1 0.1 0.1 0.1\n")
    labelling.label(target, FixedTeachers(), _quiet)
    assert label.read_text() == "0 0.1 0.1 0.1 0.1\n"


def test_coco_and_wider_keep_the_class_that_they_have(tmp_path, pictures):
    table = {
        "categories": [{"id": 1, "name": "person"}],
        "images": [{"id": 7, "file_name": "000.png", "width": 128, "height": 96}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [32, 24, 64, 48], "iscrowd": 0}],
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(table))
    (tmp_path / "w.txt").write_text("001.png\n1\n32 24 64 48 0 0\n002.png\n0\n0 0 0 0 0 0\n")
    target = tmp_path / "data"
    assert labelling.gather_coco(tmp_path / "c.json", pictures / "images", target) == 1
    assert labelling.gather_wider(tmp_path / "w.txt", pictures / "images", target) == 2
    labelling.label(target, FixedTeachers(), _quiet)
    found = {p.path.name: p.boxes.tolist() for p in list_pictures(target)}
    assert found["coco-000.png"][0] == [0, 0.5, 0.5, 0.5, 0.5]
    assert found["coco-000.png"][1][0] == 1 and found["wider-001.png"][1] == [1, 0.5, 0.5, 0.5, 0.5]
    assert len(found["wider-002.png"]) == 1


def test_videos_give_frames(tmp_path):
    file = str(tmp_path / "v.avi")
    writer = cv2.VideoWriter(file, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(10):
        writer.write(np.full((48, 64, 3), 99, np.uint8))
    writer.release()
    assert labelling.gather_video(tmp_path / "v.avi", tmp_path / "data", 4) == 3
    (tmp_path / "gt.txt").write_text("2,1,-16,0,32,24,1\n4,1,16,12,32,24,1\n5,1,0,0,9,9,1\n")
    assert labelling.evaluation_frames(tmp_path / "v.avi", tmp_path / "gt.txt", tmp_path / "truth", 2) == 2
    found = [p.boxes.tolist() for p in list_pictures(tmp_path / "truth")]
    assert found == [[[0, 0.125, 0.25, 0.25, 0.5]], [[0, 0.5, 0.5, 0.5, 0.5]]]
    (tmp_path / "gt.txt").write_text("frame,id\n")
    with pytest.raises(TrainingError, match=r"gt\.txt:1"):
        labelling.evaluation_frames(tmp_path / "v.avi", tmp_path / "gt.txt", tmp_path / "truth", 2)
    (tmp_path / "no.mp4").write_bytes(b"no video")
    with pytest.raises(TrainingError, match=r"no\.mp4"):
        labelling.gather_video(tmp_path / "no.mp4", tmp_path / "data", 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gather", "T"], "nothing to gather"),
        (["gather", "T", "--persons", "T/none.tar"], "none.tar"),
        (["label", "T", "--yolox", "T/none.onnx"], "teacher not found"),
        (["evaluate", "T", "--data", "T"], "no checkpoint"),
        (["train", "T/none.yaml", "--run", "T"], "none.yaml"),
    ],
)
def test_commands_end_with_one_line(tmp_path, capsys, arguments, message):
    assert (
        main([a.replace("T/", f"{tmp_path}/") if "/" in a else a.replace("T", str(tmp_path)) for a in arguments]) == 1
    )
    errors = capsys.readouterr().err.strip()
    assert message in errors and "\n" not in errors
