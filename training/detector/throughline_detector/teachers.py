"""Networks whose boxes are taken where nobody has drawn any: YOLOX-nano and the SSD for persons, YuNet for faces."""

from pathlib import Path

import numpy as np
from throughline_reid.errors import TrainingError

from .dataset import GREY
from .measures import decode_yolox, letterbox, suppress

_INPUT = (640, 384)
_FACES = (1280, 736)


class Teachers:
    """Compiled teachers; faces are looked for at a high resolution, where YuNet sees small ones."""

    def __init__(
        self, yolox: Path, ssd: Path, yunet: Path, threads: int = 1, person_score: float = 0.45, face_score: float = 0.6
    ):
        self.person_score, self.face_score = person_score, face_score
        self._yolox = self._compile(yolox, *_INPUT, threads)
        self._ssd = self._compile(ssd, *_INPUT, threads)
        self._yunet = self._compile(yunet, *_FACES, threads)

    @staticmethod
    def _compile(model: Path, width: int, height: int, threads: int):
        import openvino

        if not Path(model).is_file():
            raise TrainingError(f"{model}: teacher not found; get it with 'throughline models fetch', or name its file")
        network = openvino.Core().read_model(str(model))
        network.reshape([1, 3, height, width])
        return openvino.Core().compile_model(network, "CPU", {"INFERENCE_NUM_THREADS": threads})

    @staticmethod
    def _blob(picture: np.ndarray, width: int, height: int):
        canvas, scale, left, top = letterbox(picture, width, height, GREY)
        return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32), scale, (left, top, left, top)

    @staticmethod
    def _fractions(boxes: np.ndarray, picture: np.ndarray) -> list[list[float]]:
        height, width = picture.shape[:2]
        corners = boxes[:, :4].clip(0, [width, height, width, height])
        size = corners[:, 2:] - corners[:, :2]
        centre = (corners[:, :2] + corners[:, 2:]) / 2
        rows = np.concatenate([centre, size], 1) / [width, height, width, height]
        return [row.tolist() for row in rows if row[2] > 0 and row[3] > 0]

    def persons(self, picture: np.ndarray) -> list[list[float]]:
        """Centre, width and height as fractions: what either person teacher believes, each person once."""
        blob, scale, offset = self._blob(picture, *_INPUT)
        yolox = decode_yolox(next(iter(self._yolox(blob).values()))[0], *_INPUT)
        ssd = next(iter(self._ssd(blob).values()))[0]
        found = np.concatenate([yolox[:, :5], ssd[:, :5]])
        found = suppress(found[found[:, 4] >= self.person_score], 0.55)
        found[:, :4] = (found[:, :4] - offset) / scale
        return self._fractions(found, picture)

    def faces(self, picture: np.ndarray) -> list[list[float]]:
        """The same for faces."""
        width, height = _FACES
        blob, scale, offset = self._blob(picture, width, height)
        values = {name: value[0] for port, value in self._yunet(blob).items() for name in port.get_names()}
        rows = []
        for stride in (8, 16, 32):
            row, column = np.mgrid[: height // stride, : width // stride]
            place = np.stack([column.ravel(), row.ravel()], 1)
            box = values[f"bbox_{stride}"]
            score = np.sqrt(values[f"cls_{stride}"].ravel().clip(0, 1) * values[f"obj_{stride}"].ravel().clip(0, 1))
            centre, half = (box[:, :2] + place) * stride, np.exp(box[:, 2:4]) * stride / 2
            rows.append(np.concatenate([centre - half, centre + half, score[:, None]], 1))
        found = np.concatenate(rows)
        found = suppress(found[found[:, 4] >= self.face_score], 0.3)
        found[:, :4] = (found[:, :4] - offset) / scale
        return self._fractions(found, picture)
