"""The training set: crops of several folders in one array, with merged identities, and the PK sampler."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import TrainingError
from .naming import DISTRACTOR_IDENTITY, list_crops
from .pictures import decode_all

UNLABELLED = -1


@dataclass
class TrainingSet:
    """Crops [n, h, w, 3] (RGB), class of each (-1: no identity, for distillation only), camera of each."""

    crops: list[np.ndarray]
    labels: np.ndarray
    cameras: np.ndarray
    identities: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray) -> np.ndarray:
        """The crops with the given positions, across the folders' arrays."""
        ends = np.cumsum([len(part) for part in self.crops])
        rows = []
        for index in indices:
            part = int(np.searchsorted(ends, index, side="right"))
            rows.append(self.crops[part][index - (ends[part] - len(self.crops[part]))])
        return np.stack(rows)


def load_training_set(folders: list[Path], height: int, width: int, cache: Path) -> TrainingSet:
    """Reads folders in Market naming. The same number in two folders is two identities."""
    crops, labels, cameras, identities = [], [], [], []
    for folder in folders:
        found = list_crops(folder)
        crops.append(decode_all([c.path for c in found], height, width, cache))
        seen: dict[int, set[int]] = defaultdict(set)
        for crop in found:
            if crop.identity > DISTRACTOR_IDENTITY:
                seen[crop.identity].add(crop.camera)
        if seen and all(len(c) == 1 for c in seen.values()):
            raise TrainingError(
                f"{folder}: every identity has one camera only, so nothing can be learned across cameras; "
                "check the _cN part of the names"
            )
        classes = {identity: len(identities) + n for n, identity in enumerate(sorted(seen))}
        identities += [f"{Path(folder).name}/{identity}" for identity in sorted(seen)]
        labels += [classes.get(c.identity, UNLABELLED) for c in found]
        cameras += [c.camera for c in found]
    if len(identities) < 2:
        raise TrainingError(f"{', '.join(map(str, folders))}: fewer than two identities; add labelled crops")
    return TrainingSet(crops, np.array(labels), np.array(cameras), identities)


def teaching_order(data: TrainingSet) -> np.ndarray:
    """The order in which a teacher looks at the crops: one of every identity, a second of every identity, and so on,
    so that an unfinished computation already covers all identities. Crops without identity come evenly in between."""
    generator = np.random.default_rng(0)
    rank = np.zeros(len(data))
    for label in np.unique(data.labels):
        members = generator.permutation(np.flatnonzero(data.labels == label))
        if label == UNLABELLED:
            rank[members] = np.linspace(0, 10, len(members))
        else:
            rank[members] = np.arange(len(members)) + generator.random(len(members)) * 0.5
    return np.argsort(rank, kind="stable")


class PKSampler:
    """Batches of P identities with K crops each, plus some crops without identity.

    Every identity comes once before any comes again. The state can be saved, so that a continued run goes on
    with the same sequence.
    """

    def __init__(self, labels: np.ndarray, identities: int, crops: int, unlabelled: int, seed: int = 0):
        self.members = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
        self.free = np.flatnonzero(labels == UNLABELLED)
        if identities > len(self.members):
            raise TrainingError(
                f"batch of {identities} identities, but only {len(self.members)} in the data; lower `batch.identities`"
            )
        self.identities, self.crops = identities, crops
        self.unlabelled = unlabelled if len(self.free) else 0
        self.generator = np.random.default_rng(seed)
        self._queue = np.empty(0, np.int64)

    def next(self) -> np.ndarray:
        """Positions of the next batch's crops."""
        if len(self._queue) < self.identities:
            # What is left of this round comes first; an identity that follows twice is taken in the next batch.
            left = self._queue
            fresh = self.generator.permutation(len(self.members))
            again = np.isin(fresh, left)
            self._queue = np.concatenate([left, fresh[~again], fresh[again]])
        chosen, self._queue = self._queue[: self.identities], self._queue[self.identities :]
        rows = [
            self.generator.choice(self.members[label], self.crops, replace=len(self.members[label]) < self.crops)
            for label in chosen
        ]
        if self.unlabelled:
            few = len(self.free) < self.unlabelled
            rows.append(self.generator.choice(self.free, self.unlabelled, replace=few))
        return np.concatenate(rows)

    def state(self) -> dict:
        return {"generator": self.generator.bit_generator.state, "queue": self._queue.tolist()}

    def restore(self, state: dict) -> None:
        self.generator.bit_generator.state = state["generator"]
        self._queue = np.array(state["queue"], np.int64)
