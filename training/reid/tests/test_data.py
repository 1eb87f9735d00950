import io
import tarfile

import numpy as np
import pytest
from conftest import write_crops

from throughline_reid.dataset import UNLABELLED, PKSampler, load_training_set, teaching_order
from throughline_reid.errors import TrainingError
from throughline_reid.naming import cuhk01_crop, cuhk03_crop, list_crops, market_crop
from throughline_reid.pictures import decode_all
from throughline_reid.prepare import market_name, prepare_boxes, prepare_crops


@pytest.mark.parametrize(
    "parse, name, expected",
    [
        (market_crop, "0002_c1s1_000451_03.jpg", (2, 1)),
        (market_crop, "-1_c6s3_000451_03.jpg", (-1, 6)),
        (market_crop, "0001003.png", None),
        (cuhk01_crop, "0001002.png", (1, 1)),
        (cuhk01_crop, "0485003.png", (485, 2)),
        (cuhk01_crop, "0485_03.png", None),
        (cuhk03_crop, "0305_04.jpg", (305, 1)),
        (cuhk03_crop, "0305_05.jpg", (305, 2)),
        (cuhk03_crop, "0305.jpg", None),
    ],
)
def test_names(parse, name, expected, tmp_path):
    crop = parse(tmp_path / name)
    assert (crop and (crop.identity, crop.camera)) == expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("0002_c1s1_000451_03.jpg", "0002_c1s1_000451_03.jpg"),
        # Identity 0 of CUHK03 must not become Market's distractor.
        ("0000_07.jpg", "0001_c2s1_0000_07.jpg"),
    ],
)
def test_market_name(name, expected, tmp_path):
    assert market_name(tmp_path / name) == expected
    assert market_crop(tmp_path / expected).identity > 0


def test_faulty_folders_are_named(tmp_path, crops):
    with pytest.raises(TrainingError, match="no such folder"):
        list_crops(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no pictures"):
        list_crops(tmp_path / "empty")
    (crops / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(TrainingError, match="holiday.jpg"):
        list_crops(crops)


def test_crop_that_is_no_picture_leaves_no_array(tmp_path, crops):
    broken = crops / "0003_c1s1_000000_00.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(TrainingError, match=broken.name):
        decode_all([c.path for c in list_crops(crops)], 32, 16, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_decoding_is_kept_and_renewed(tmp_path, crops):
    paths = [c.path for c in list_crops(crops)]
    first = decode_all(paths, 32, 16, tmp_path / "cache")
    assert first.shape == (24, 32, 16, 3)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    paths[0].write_bytes(paths[5].read_bytes() + b" ")
    second = decode_all(paths, 32, 16, tmp_path / "cache")
    assert np.array_equal(second[0], first[5])


def test_same_number_in_two_folders_is_two_identities(tmp_path):
    folders = [write_crops(tmp_path / name, 3, seed=n) for n, name in enumerate(("a", "b"))]
    data = load_training_set(folders, 32, 16, tmp_path / "cache")
    assert data.identities == ["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"]
    assert np.array_equal(data.gather(np.array([12])), data.crops[1][:1])
    assert data.labels[11] == 2 and data.labels[12] == 3


def test_one_camera_only_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="one camera only"):
        load_training_set([write_crops(tmp_path / "a", 3, cameras=1)], 32, 16, tmp_path / "cache")


def test_teaching_order_covers_identities_first(tmp_path):
    data = load_training_set([write_crops(tmp_path / "a", 5)], 32, 16, tmp_path / "cache")
    order = teaching_order(data)
    assert sorted(order) == list(range(len(data)))
    assert set(data.labels[order[:5]]) == set(range(5))


def test_sampler_gives_p_by_k_and_every_identity_before_any_again():
    labels = np.array([0] * 5 + [1] * 2 + [2] * 4 + [3] * 3 + [UNLABELLED] * 4)
    sampler = PKSampler(labels, identities=2, crops=3, unlabelled=2, seed=3)
    rounds = [sampler.next() for _ in range(2)]
    for batch in rounds:
        assert len(batch) == 8 and (labels[batch[6:]] == UNLABELLED).all()
        assert len(set(labels[batch[:3]])) == 1
    assert {int(labels[b[i]]) for b in rounds for i in (0, 3)} == {0, 1, 2, 3}


def test_sampler_never_repeats_an_identity_in_a_batch():
    labels = np.repeat(np.arange(7), 3)
    sampler = PKSampler(labels, identities=5, crops=2, unlabelled=0)
    batches = [set(labels[sampler.next()]) for _ in range(14)]
    assert all(len(b) == 5 for b in batches)
    counts = np.bincount([label for b in batches for label in b])
    assert counts.min() == counts.max() == 10


def test_sampler_continues_where_it_stopped():
    labels = np.repeat(np.arange(7), 4)
    sampler = PKSampler(labels, 3, 2, 0)
    sampler.next()
    state = sampler.state()
    expected = [sampler.next() for _ in range(5)]
    other = PKSampler(labels, 3, 2, 0, seed=9)
    other.restore(state)
    assert all(np.array_equal(a, other.next()) for a in expected)


def test_sampler_refuses_a_batch_larger_than_the_data():
    with pytest.raises(TrainingError, match="batch.identities"):
        PKSampler(np.array([0, 0, 1, 1]), 3, 2, 0)


def _archive(path, entries):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_prepare_reads_archives_and_stays_in_its_folder(tmp_path, crops):
    picture = next(crops.iterdir()).read_bytes()
    archive = _archive(
        tmp_path / "a.tar.gz", {"x/0004_06.jpg": picture, "../../0007_01.jpg": picture, "x/readme.txt": b""}
    )
    target = tmp_path / "deep" / "target"
    assert prepare_crops(archive, target) == 2
    assert sorted(p.name for p in target.iterdir() if p.suffix) == ["0005_c2s1_0004_06.jpg", "0008_c1s1_0007_01.jpg"]
    archive.unlink()
    assert prepare_crops(archive, target) == 2, "what is finished is kept"


def test_prepare_refuses_what_it_cannot_read(tmp_path):
    broken = tmp_path / "a.tar.gz"
    broken.write_bytes(b"no archive")
    with pytest.raises(TrainingError, match="not a folder and not a readable tar"):
        prepare_crops(broken, tmp_path / "target")
    with pytest.raises(TrainingError, match="no pictures"):
        prepare_crops(_archive(tmp_path / "b.tar.gz", {"readme.txt": b""}), tmp_path / "target")
    with pytest.raises(TrainingError, match="none of the schemes"):
        prepare_crops(_archive(tmp_path / "c.tar.gz", {"cat.jpg": b"x"}), tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_prepare_cuts_boxes(tmp_path):
    import cv2

    picture = cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1].tobytes()
    # The second box is too low, the third is of another class, the fourth is wider than a person.
    labels = b"0 0.5 0.5 0.2 0.6\n0 0.5 0.5 0.2 0.1\n1 0.5 0.5 0.2 0.6\n0 0.5 0.5 0.9 0.5\n"
    archive = _archive(tmp_path / "a.tar.gz", {"images/1.png": picture, "labels/1.txt": labels})
    assert prepare_boxes(archive, tmp_path / "boxes") == 1
    assert list_crops(tmp_path / "boxes")[0].identity == -1
