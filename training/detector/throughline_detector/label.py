"""Gathers real pictures from many places into one folder, and lets teachers draw the boxes that nobody has drawn."""

import json
import shutil
import tarfile
from collections import defaultdict
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from throughline_reid.errors import TrainingError

from .dataset import PICTURE_SUFFIXES, read_labels, read_picture
from .teachers import Teachers


def _write(target: Path, name: str, picture: bytes, labels: dict[str, list]) -> None:
    """A picture and what is known of it: boxes of each class, or that the class has not been labelled yet."""
    (target / "images" / name).write_bytes(picture)
    (target / "sources" / f"{Path(name).stem}.json").write_text(json.dumps(labels))


def _begin(target: Path) -> None:
    for part in ("images", "labels", "sources"):
        (target / part).mkdir(parents=True, exist_ok=True)


def _fractions(rows: np.ndarray, number: int) -> list[list[float]]:
    return [[float(v) for v in row[1:]] for row in rows if row[0] == number]


def gather_archive(source: Path, target: Path) -> int:
    """A tar archive or folder with ``images/`` and ``labels/`` in which persons (class 0) are labelled."""
    _begin(target)
    work = target / "unpacked"
    try:
        if source.is_dir():
            files = [(path.name, path.read_bytes()) for path in source.rglob("*") if path.is_file()]
        else:
            with tarfile.open(source) as archive:
                # Only base names are used: an archive cannot write outside the folder.
                files = [(PurePosixPath(m.name).name, archive.extractfile(m).read()) for m in archive if m.isfile()]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TrainingError(f"{source}: not a folder and not a readable tar archive ({error})") from error
    texts = {Path(name).stem: content for name, content in files if name.endswith(".txt")}
    count = 0
    work.mkdir(exist_ok=True)
    for name, content in files:
        if Path(name).suffix.lower() not in PICTURE_SUFFIXES:
            continue
        label = work / f"{Path(name).stem}.txt"
        label.write_bytes(texts.get(Path(name).stem, b""))
        rows = read_labels(label)
        _write(target, f"{source.name.split('.')[0]}-{name}", content, {"person": _fractions(rows, 0)})
        count += 1
    shutil.rmtree(work)
    if count == 0:
        raise TrainingError(f"{source}: no pictures in it")
    return count


def gather_video(source: Path, target: Path, every: int) -> int:
    """Every so many frames of a video, with nothing labelled."""
    _begin(target)
    video = cv2.VideoCapture(str(source))
    number = count = 0
    while video.grab():
        if number % every == 0:
            good, frame = video.retrieve()
            if good:
                content = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
                _write(target, f"{source.stem}-{number:06}.jpg", content, {})
                count += 1
        number += 1
    if count == 0:
        raise TrainingError(f"{source}: not a video that can be decoded")
    return count


def evaluation_frames(video: Path, truth: Path, target: Path, every: int) -> int:
    """A folder to evaluate persons on: every so many frames of a video, boxes from a MOT text file (frames count from
    1; boxes left, top, width, height in pixels)."""
    found = defaultdict(list)
    for number, line in enumerate(truth.read_text().splitlines() if truth.is_file() else [], 1):
        try:
            frame, _, left, top, width, height = (float(v) for v in line.split(",")[:6])
        except ValueError as error:
            raise TrainingError(f"{truth}:{number}: expected frame,id,left,top,width,height") from error
        found[int(frame)].append((left, top, width, height))
    if not found:
        raise TrainingError(f"{truth}: no boxes in it")
    for part in ("images", "labels"):
        (target / part).mkdir(parents=True, exist_ok=True)
    capture, number, count = cv2.VideoCapture(str(video)), 0, 0
    while capture.grab():
        number += 1
        if number % every or number not in found:
            continue
        good, frame = capture.retrieve()
        if not good:
            continue
        height, width = frame.shape[:2]
        rows = []
        for left, top, w, h in found[number]:
            x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + w), min(height, top + h)
            if x1 > x0 and y1 > y0:
                values = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
                rows.append("0 " + " ".join(f"{v:.6f}" for v in values) + "\n")
        cv2.imwrite(str(target / "images" / f"{number:06}.jpg"), frame, [cv2.IMWRITE_JPEG_QUALITY, 97])
        (target / "labels" / f"{number:06}.txt").write_text("".join(rows))
        count += 1
    if count == 0:
        raise TrainingError(f"{video}: no frame with a box could be decoded")
    return count


def gather_coco(annotations: Path, pictures: Path, target: Path) -> int:
    """COCO's ``instances_*.json``: persons are labelled (crowds are not), faces are not."""
    _begin(target)
    try:
        table = json.loads(annotations.read_text())
        category = next(c["id"] for c in table["categories"] if c["name"] == "person")
        sizes = {p["id"]: (p["file_name"], p["width"], p["height"]) for p in table["images"]}
    except (OSError, ValueError, KeyError, StopIteration) as error:
        raise TrainingError(f"{annotations}: not COCO's table of instances with a class person ({error})") from error
    found, crowded = defaultdict(list), set()
    for row in table["annotations"]:
        if row["category_id"] != category:
            continue
        if row.get("iscrowd"):
            crowded.add(row["image_id"])
            continue
        _, width, height = sizes[row["image_id"]]
        x, y, w, h = row["bbox"]
        found[row["image_id"]].append([(x + w / 2) / width, (y + h / 2) / height, w / width, h / height])
    count = 0
    for number, rows in found.items():
        path = pictures / sizes[number][0]
        if number not in crowded and path.is_file():
            _write(target, f"coco-{path.name}", path.read_bytes(), {"person": rows})
            count += 1
    if count == 0:
        raise TrainingError(f"{pictures}: none of the pictures of {annotations} is there")
    return count


def gather_wider(annotations: Path, pictures: Path, target: Path) -> int:
    """WIDER FACE's ``wider_face_*_bbx_gt.txt``: faces are labelled, persons are not."""
    _begin(target)
    try:
        lines = iter(annotations.read_text().splitlines())
    except OSError as error:
        raise TrainingError(f"{annotations}: cannot be read ({error.strerror})") from error
    count = 0
    for name in lines:
        try:
            number = int(next(lines))
            rows = [[int(v) for v in next(lines).split()[:4]] for _ in range(max(1, number))][:number]
        except (StopIteration, ValueError) as error:
            raise TrainingError(f"{annotations}: damaged after {name!r}") from error
        path = pictures / name
        if not path.is_file():
            continue
        height, width = read_picture(path).shape[:2]
        faces = [[(x + w / 2) / width, (y + h / 2) / height, w / width, h / height] for x, y, w, h in rows if w and h]
        _write(target, f"wider-{path.name}", path.read_bytes(), {"face": faces})
        count += 1
    if count == 0:
        raise TrainingError(f"{pictures}: none of the pictures of {annotations} is there")
    return count


def label(target: Path, teachers: Teachers, report=print) -> int:
    """Lets the teachers label each class that a picture lacks; pictures that are labelled already stay as they are, so
    that an interrupted run goes on."""
    pictures = [p for p in sorted((target / "images").glob("*")) if p.suffix.lower() in PICTURE_SUFFIXES]
    if not pictures:
        raise TrainingError(f"{target}: no pictures gathered yet")
    for position, path in enumerate(pictures, 1):
        file = target / "labels" / f"{path.stem}.txt"
        if file.exists():
            continue
        known = json.loads((target / "sources" / f"{path.stem}.json").read_text())
        rows = []
        picture = read_picture(path)
        for number, (name, find) in enumerate((("person", teachers.persons), ("face", teachers.faces))):
            boxes = known[name] if name in known else find(picture)
            rows += [f"{number} " + " ".join(f"{min(max(v, 0), 1):.5f}" for v in box) for box in boxes]
        partial = file.with_suffix(".partial")
        partial.write_text("".join(row + "\n" for row in rows))
        partial.rename(file)
        if position % 100 == 0:
            report(f"labelled {position} of {len(pictures)} pictures")
    return len(pictures)
