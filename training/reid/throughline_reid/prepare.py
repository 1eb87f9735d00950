"""Turns archives and folders of several data sets into plain folders in Market naming."""

import io
import shutil
import tarfile
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from .errors import TrainingError
from .naming import PICTURE_SUFFIXES, cuhk01_crop, cuhk03_crop, market_crop

_FINISHED = ".complete"


def market_name(path: Path) -> str:
    """The Market name of a crop that is named in any of the schemes we read."""
    if market_crop(path):
        return path.name
    for parse in (cuhk03_crop, cuhk01_crop):
        crop = parse(path)
        if crop:
            # CUHK03 counts identities from 0, which means "nobody" in Market naming.
            return f"{crop.identity + 1:04}_c{crop.camera}s1_{path.stem}{path.suffix}"
    raise TrainingError(f"{path.name}: name is in none of the schemes market, cuhk01, cuhk03; rename the crop")


def _pictures_of(source: Path):
    """(name, bytes) of every picture in a folder or a tar archive."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in PICTURE_SUFFIXES:
                yield path.name, path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if member.isfile() and PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES:
                    # Only the base name is used: an archive cannot write outside the folder.
                    yield name, archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TrainingError(f"{source}: not a folder and not a readable tar archive ({error})") from error


def prepare_crops(source: Path, target: Path) -> int:
    """Writes the crops of a folder or archive into ``target`` in Market naming; returns how many."""
    source, target = Path(source), Path(target)
    if (target / _FINISHED).exists():
        return int((target / _FINISHED).read_text())
    if not source.exists():
        raise TrainingError(f"{source}: no such folder or archive")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    count = 0
    for name, content in _pictures_of(source):
        (partial / market_name(Path(name))).write_bytes(content)
        count += 1
    if count == 0:
        raise TrainingError(f"{source}: no pictures in it; expected names such as 0002_c1s1_000451_03.jpg")
    (partial / _FINISHED).write_text(str(count))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return count


def prepare_boxes(source: Path, target: Path, minimum_height: int = 60, size: tuple[int, int] = (128, 64)) -> int:
    """Cuts the person boxes of a detection archive (pictures + YOLO labels, class 0) into crops without identity.

    Such crops teach by distillation alone. Names are ``-1_c0s1_NUMBER.jpg``: Market's way to say "nobody".
    """
    source, target = Path(source), Path(target)
    if (target / _FINISHED).exists():
        return int((target / _FINISHED).read_text())
    pictures, labels = {}, {}
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if not member.isfile():
                    continue
                if path.suffix.lower() in PICTURE_SUFFIXES:
                    pictures[path.stem] = archive.extractfile(member).read()
                elif path.suffix == ".txt":
                    labels[path.stem] = archive.extractfile(member).read().decode("ascii", "replace")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise TrainingError(f"{source}: not a readable tar archive ({error})") from error
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    count = 0
    for stem in sorted(pictures.keys() & labels.keys()):
        picture = cv2.imdecode(np.frombuffer(pictures[stem], np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        height, width = picture.shape[:2]
        for line in io.StringIO(labels[stem]):
            fields = line.split()
            if len(fields) != 5 or fields[0] != "0":
                continue
            x, y, w, h = (float(v) for v in fields[1:])
            left, top = max(0, round((x - w / 2) * width)), max(0, round((y - h / 2) * height))
            right, bottom = min(width, round((x + w / 2) * width)), min(height, round((y + h / 2) * height))
            # A box much wider than a standing person is a group, a rider or a mistake.
            if bottom - top < minimum_height or right - left < 20 or (right - left) > 0.8 * (bottom - top):
                continue
            crop = cv2.resize(picture[top:bottom, left:right], (size[1], size[0]), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(partial / f"-1_c0s1_{count:06}.jpg"), crop, [cv2.IMWRITE_JPEG_QUALITY, 95])
            count += 1
    if count == 0:
        raise TrainingError(f"{source}: no person boxes of at least {minimum_height} pixels in it")
    (partial / _FINISHED).write_text(str(count))
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return count
