"""The program's own way to scale pictures and to measure detectors, from `tools/models/evaluate_detector.py`."""

import importlib.util
from pathlib import Path

_FILE = Path(__file__).resolve().parents[3] / "tools/models/evaluate_detector.py"


def _load():
    specification = importlib.util.spec_from_file_location("evaluate_detector", _FILE)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


_tool = _load()
average_precision = _tool.average_precision
decode_yolox = _tool.decode_yolox
letterbox = _tool.letterbox
overlaps = _tool.overlaps
suppress = _tool.suppress
