"""k-reciprocal re-ranking (Zhong et al., CVPR 2017) in plain NumPy: golden values for the Swift test.

    python tools/evaluation/reranking.py
"""

import numpy as np


def points(count, state):
    rows = []
    for _ in range(count):
        row = []
        for _ in range(8):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row.append((state >> 40) / 2**24 - 0.5)
        rows.append(row)
    rows = np.array(rows)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def rerank(query, gallery, k1, k2, share):
    every = np.concatenate([query, gallery])
    count = len(every)
    distance = np.maximum(0, 2 - 2 * every @ every.T)
    distance = distance / distance.max(axis=1, keepdims=True)
    rank = np.argsort(distance, axis=1, kind="stable")

    def reciprocal(row, k):
        forward = rank[row, :k + 1]
        return [other for other in forward if row in rank[other, :k + 1]]

    encoding = np.zeros((count, count))
    for row in range(count):
        base = reciprocal(row, k1)
        expanded = set(base)
        for candidate in base:
            others = reciprocal(candidate, int(np.around(k1 / 2)))
            if len(set(others) & set(base)) > 2 / 3 * len(others):
                expanded |= set(others)
        expanded = sorted(expanded)
        weight = np.exp(-distance[row, expanded])
        encoding[row, expanded] = weight / weight.sum()
    if k2 > 1:
        encoding = np.stack([encoding[rank[row, :k2]].mean(axis=0) for row in range(count)])
    jaccard = np.zeros((len(query), count))
    for row in range(len(query)):
        shared = np.minimum(encoding[row], encoding).sum(axis=1)
        jaccard[row] = 1 - shared / (2 - shared)
    return (jaccard * (1 - share) + distance[:len(query)] * share)[:, len(query):]


if __name__ == "__main__":
    result = rerank(points(4, 11), points(12, 12), 6, 3, 0.3)
    for row in result:
        print("  " + ", ".join(f"{value:.5f}" for value in row[:6]) + ",")
        print("  " + ", ".join(f"{value:.5f}" for value in row[6:]) + ",")
    # With the paper's settings, of so many that neighbourhoods end: the sum of each query's distances.
    print("  " + ", ".join(f"{value:.4f}" for value in rerank(points(10, 21), points(110, 22), 20, 6, 0.3).sum(axis=1)))
