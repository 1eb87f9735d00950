"""File names of person crops: Market-1501's scheme, and CUHK01's and CUHK03's, turned into identity and camera."""

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import TrainingError

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp"}

# Market-1501 marks what belongs to nobody: -1 is junk (ignored), 0 a distractor (a wrong answer).
JUNK_IDENTITY = -1
DISTRACTOR_IDENTITY = 0

_MARKET = re.compile(r"^(-?\d+)_c(\d+)")
_CUHK01 = re.compile(r"^(\d{4})(\d{3})$")
_CUHK03 = re.compile(r"^(\d{4})_(\d{2})$")


@dataclass(frozen=True)
class CropName:
    """One crop: its file, the identity and the camera that its name states."""

    path: Path
    identity: int
    camera: int


def market_crop(path: Path) -> CropName | None:
    """``0002_c1s1_000451_03.jpg``: identity 2, camera 1. None when the name follows another scheme."""
    match = _MARKET.match(path.name)
    return CropName(path, int(match[1]), int(match[2])) if match else None


def cuhk01_crop(path: Path) -> CropName | None:
    """``0001003.png``: identity 1, third picture; pictures 1-2 are of camera A (1), 3-4 of camera B (2)."""
    match = _CUHK01.match(path.stem)
    return CropName(path, int(match[1]), (int(match[2]) - 1) // 2 + 1) if match else None


def cuhk03_crop(path: Path) -> CropName | None:
    """``0305_07.jpg``: identity 305, picture 7; pictures 0-4 are of camera A (1), 5-9 of camera B (2)."""
    match = _CUHK03.match(path.stem)
    return CropName(path, int(match[1]), int(match[2]) // 5 + 1) if match else None


SCHEMES = {"market": market_crop, "cuhk01": cuhk01_crop, "cuhk03": cuhk03_crop}


def naming_scheme(directory: Path) -> str:
    """The scheme that the first picture of a folder follows; "market" when none fits, so that the error names that."""
    directory = Path(directory)
    pictures = (
        sorted(p for p in directory.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES) if directory.is_dir() else []
    )
    fitting = [name for name, parse in SCHEMES.items() if pictures and parse(pictures[0])]
    return fitting[0] if fitting else "market"


def list_crops(directory: Path, scheme: str = "market") -> list[CropName]:
    """All crops of a folder whose names follow the scheme, by name. Pictures with other names are an error."""
    directory = Path(directory)
    if not directory.is_dir():
        raise TrainingError(f"{directory}: no such folder; run `prepare` or give the folder that holds the crops")
    pictures = sorted(p for p in directory.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)
    if not pictures:
        raise TrainingError(f"{directory}: no pictures in it; expected names such as 0002_c1s1_000451_03.jpg")
    parse = SCHEMES[scheme]
    crops = [parse(p) for p in pictures]
    for picture, crop in zip(pictures, crops):
        if crop is None:
            raise TrainingError(f"{picture}: name is not in the {scheme} scheme; rename it or move it away")
    return crops
