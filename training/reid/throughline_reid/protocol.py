"""Ranking figures by the standard protocols, from embeddings alone."""

from dataclasses import dataclass

import numpy as np

from .errors import TrainingError
from .naming import JUNK_IDENTITY


@dataclass(frozen=True)
class Figures:
    """Rank-1, Rank-5, Rank-10 and mean average precision in percent; how many queries they rest on."""

    rank1: float
    rank5: float
    rank10: float
    mean_average_precision: float
    queries: int

    def __str__(self) -> str:
        return (
            f"R1 {self.rank1:5.1f}  R5 {self.rank5:5.1f}  R10 {self.rank10:5.1f}  "
            f"mAP {self.mean_average_precision:5.1f}  ({self.queries} queries)"
        )


def normalised(embeddings: np.ndarray) -> np.ndarray:
    """Rows of length 1, as float32."""
    embeddings = np.asarray(embeddings, np.float32)
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)


def rank(
    query: np.ndarray,
    query_identities: np.ndarray,
    query_cameras: np.ndarray,
    gallery: np.ndarray,
    gallery_identities: np.ndarray,
    gallery_cameras: np.ndarray,
) -> Figures:
    """Market-1501's protocol (Zheng et al., 2015): cosine ranking; junk (-1) and the query's own identity in the
    query's own camera are taken out of the list; a query without a true match left is not counted.
    """
    if len(query) == 0 or len(gallery) == 0:
        raise TrainingError("evaluation: no queries or no gallery; both folders need crops")
    similarity = normalised(query) @ normalised(gallery).T
    first_hits, precisions = [], []
    for row, identity, camera in zip(similarity, query_identities, query_cameras):
        ignored = (gallery_identities == JUNK_IDENTITY) | (
            (gallery_identities == identity) & (gallery_cameras == camera)
        )
        order = np.argsort(-row, kind="stable")
        order = order[~ignored[order]]
        hits = np.flatnonzero(gallery_identities[order] == identity)
        if len(hits) == 0:
            continue
        first_hits.append(hits[0])
        precisions.append(np.mean(np.arange(1, len(hits) + 1) / (hits + 1)))
    if not first_hits:
        raise TrainingError(
            "evaluation: no query has a match in another camera; identities with one camera only cannot be evaluated"
        )
    first = np.array(first_hits)
    return Figures(*(100 * float(np.mean(first < k)) for k in (1, 5, 10)), 100 * float(np.mean(precisions)), len(first))
