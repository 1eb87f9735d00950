"""Times exact nearest-neighbour search of faiss and usearch beside ours, on the same vectors and on one thread.

    python3 -m venv venv && venv/bin/pip install -r Benchmarks/peers/requirements-vectors.txt
    OMP_NUM_THREADS=1 venv/bin/python Benchmarks/peers/vectors.py .build/release/throughline [COUNT [DIMENSION [QUERIES]]]

Vectors are unit vectors in clusters of about a hundred, as embeddings of persons are, made from a seed. Printed are the
median and the 99th percentile of one query's time, the memory of the vectors, and how many of the exact ten nearest
(by 64-bit floats) each one finds. The programs run in turn, three rounds; the round with the lowest median counts, since
the machine may be busy with other things.

faiss: IndexFlatIP (32-bit floats) and IndexScalarQuantizer with 8 bits and with FP16, which are not exact.
usearch: exact search over 16-bit floats and over bytes.
"""

import json
import subprocess
import sys
import tempfile
import time

import faiss
import numpy as np
from usearch.index import MetricKind, search

program = sys.argv[1]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
dimension = int(sys.argv[3]) if len(sys.argv) > 3 else 512
query_count = int(sys.argv[4]) if len(sys.argv) > 4 else 100
top = 10

faiss.omp_set_num_threads(1)
random = np.random.default_rng(7)


def unit(rows):
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def near(centres, which):
    noise = unit(random.standard_normal((len(which), dimension), dtype=np.float32))
    return unit(centres[which] + np.float32(0.7) * noise)


centres = unit(random.standard_normal((max(1, count // 100), dimension), dtype=np.float32))
vectors = np.empty((count, dimension), dtype=np.float32)
for begin in range(0, count, 50_000):
    end = min(count, begin + 50_000)
    vectors[begin:end] = near(centres, np.arange(begin, end) % len(centres))
queries = near(centres, random.integers(0, len(centres), query_count))

truth = []
for query in queries:
    scores = np.concatenate(
        [vectors[begin : begin + 50_000].astype(np.float64) @ query.astype(np.float64) for begin in range(0, count, 50_000)]
    )
    best = np.argpartition(-scores, top - 1)[:top]
    truth.append(set(int(place) for place in best))


def measure(name, megabytes, ask):
    times, found = [], []
    for query in queries:
        began = time.perf_counter()
        result = ask(query[None, :])
        times.append((time.perf_counter() - began) * 1000)
        found.append(result)
    return report(name, megabytes, times, found)


def report(name, megabytes, times, found):
    recall = np.mean([len(truth[i] & set(int(x) for x in found[i])) / top for i in range(len(found))])
    return dict(
        name=name, median=float(np.median(times)), p99=float(np.percentile(times, 99)), megabytes=megabytes, recall=float(recall)
    )


def ours(folder):
    vectors.tofile(folder + "/vectors")
    queries.tofile(folder + "/queries")

    def run():
        text = subprocess.run(
            [program, "bench", "search", "--vectors", folder + "/vectors", "--query-vectors", folder + "/queries"]
            + ["--dimension", str(dimension), "--limit", str(top), "--results", folder + "/results", "--json"],
            check=True, capture_output=True, text=True,
        ).stdout
        told = json.loads(text)
        found = np.fromfile(folder + "/results", dtype=np.uint32).reshape(query_count, top)
        result = report("throughline", told["indexMegabytes"], [0], found)
        result.update(median=told["medianMilliseconds"], p99=told["p99Milliseconds"])
        return result

    return run


def peers():
    flat = faiss.IndexFlatIP(dimension)
    flat.add(vectors)
    yield lambda: measure("faiss flat, FP32", count * dimension * 4 / 1e6, lambda q: flat.search(q, top)[1][0])
    for kind, name, size in [(faiss.ScalarQuantizer.QT_fp16, "FP16", 2), (faiss.ScalarQuantizer.QT_8bit, "8 bits", 1)]:
        index = faiss.IndexScalarQuantizer(dimension, kind, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:20_000])
        index.add(vectors)
        yield lambda index=index, name=name, size=size: measure(
            "faiss " + name, count * dimension * size / 1e6, lambda q: index.search(q, top)[1][0]
        )
    half = vectors.astype(np.float16)
    yield lambda: measure(
        "usearch exact, FP16", count * dimension * 2 / 1e6,
        lambda q: search(half, q.astype(np.float16)[0], top, MetricKind.IP, exact=True, threads=1).keys,
    )
    scale = 127 / np.abs(vectors).max()
    small = np.clip(np.round(vectors * scale), -127, 127).astype(np.int8)
    yield lambda: measure(
        "usearch exact, bytes", count * dimension / 1e6,
        lambda q: search(
            small, np.clip(np.round(q * scale), -127, 127).astype(np.int8)[0], top, MetricKind.IP, exact=True, threads=1
        ).keys,
    )


print(f"{count} x {dimension}, {query_count} queries one at a time, top {top}, one thread")
print(f"{'':24s} {'median ms':>10s} {'p99 ms':>10s} {'MB':>8s} {'found':>8s}")
with tempfile.TemporaryDirectory() as folder:
    runs = [ours(folder)] + list(peers())
    best = {}
    for _ in range(3):
        for run in runs:
            result = run()
            known = best.get(result["name"])
            if known is None or result["median"] < known["median"]:
                best[result["name"]] = result
    for result in best.values():
        print(
            f"{result['name']:24s} {result['median']:10.2f} {result['p99']:10.2f} {result['megabytes']:8.0f}"
            f" {result['recall'] * 100:7.1f}%"
        )
