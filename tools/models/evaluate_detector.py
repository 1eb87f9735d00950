#!/usr/bin/env python3
"""Measures a person detector's average precision on a folder of pictures with YOLO labels.

    evaluate_detector.py MODEL FOLDER [--decoder boxes|yolox] [--width 640] [--height 384] [--fill 114]

FOLDER holds images/*.jpg and labels/*.txt (class 0 is person; a missing label file means no person). Needs the
Python packages openvino, numpy and opencv-python-headless: this is a check for whoever adds a model, not a part
of the program.

Average precision at an intersection over union of 0.5, all-point interpolation (PASCAL VOC 2010), and the mean
time of a run with one thread.
"""

import argparse
import glob
import os
import time

import cv2
import numpy
import openvino


def letterbox(image, width, height, fill):
    scale = min(width / image.shape[1], height / image.shape[0])
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas = numpy.full((height, width, 3), fill, numpy.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size)
    return canvas, scale, left, top


def decode_yolox(output, width, height):
    rows = []
    start = 0
    for stride in (8, 16, 32):
        y, x = numpy.mgrid[: height // stride, : width // stride]
        part = output[start : start + x.size]
        start += x.size
        center = (part[:, :2] + numpy.stack([x.ravel(), y.ravel()], 1)) * stride
        half = numpy.exp(part[:, 2:4]) * stride / 2
        rows.append(numpy.hstack([center - half, center + half, part[:, 4:5] * part[:, 5:6]]))
    return numpy.vstack(rows)


def suppress(boxes, overlap):
    boxes = boxes[numpy.argsort(-boxes[:, 4], kind="stable")]
    kept = []
    while len(boxes):
        kept.append(boxes[0])
        boxes = boxes[1:][overlaps(boxes[0], boxes[1:]) <= overlap]
    return numpy.array(kept).reshape(-1, 5)


def overlaps(box, others):
    width = numpy.minimum(box[2], others[:, 2]) - numpy.maximum(box[0], others[:, 0])
    height = numpy.minimum(box[3], others[:, 3]) - numpy.maximum(box[1], others[:, 1])
    common = numpy.maximum(width, 0) * numpy.maximum(height, 0)
    area = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return common / ((box[2] - box[0]) * (box[3] - box[1]) + area - common + 1e-9)


def average_precision(results, truth_count):
    results = sorted(results, key=lambda entry: -entry[0])
    hits = numpy.cumsum([hit for _, hit in results])
    precision = hits / numpy.arange(1, len(hits) + 1)
    precision = numpy.maximum.accumulate(precision[::-1])[::-1]
    recall = numpy.concatenate([[0], hits / truth_count])
    return float(numpy.sum(numpy.diff(recall) * precision))


def main():
    parser = argparse.ArgumentParser(description="Average precision of a person detector.")
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--decoder", choices=("boxes", "yolox"), default="boxes")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--fill", type=int, default=114)
    parser.add_argument("--overlap", type=float, default=0.6, help="of the non-maximum suppression")
    options = parser.parse_args()

    core = openvino.Core()
    network = core.read_model(options.model)
    network.reshape([1, 3, options.height, options.width])
    compiled = core.compile_model(
        network, "CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    )
    results, truth_count, seconds = [], 0, []
    for path in sorted(glob.glob(os.path.join(options.folder, "images", "*.jpg"))):
        image = cv2.imread(path)
        label = os.path.join(options.folder, "labels", os.path.basename(path)[:-4] + ".txt")
        truth = []
        if os.path.exists(label):
            for line in open(label):
                kind, x, y, width, height = map(float, line.split()[:5])
                if kind == 0:
                    truth.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        truth = numpy.array(truth).reshape(-1, 4) * numpy.tile(image.shape[1::-1], 2)
        truth_count += len(truth)
        canvas, scale, left, top = letterbox(image, options.width, options.height, options.fill)
        blob = numpy.ascontiguousarray(canvas.transpose(2, 0, 1)[None], numpy.float32)
        start = time.perf_counter()
        output = list(compiled(blob).values())[0][0]
        seconds.append(time.perf_counter() - start)
        boxes = output if options.decoder == "boxes" else decode_yolox(output, options.width, options.height)
        boxes = suppress(boxes[boxes[:, 4] > 0.01], options.overlap)
        boxes[:, :4] = (boxes[:, :4] - [left, top, left, top]) / scale
        free = numpy.ones(len(truth), bool)
        for box in boxes:
            values = overlaps(box, truth) * free if len(truth) else numpy.zeros(0)
            hit = len(values) > 0 and values.max() >= 0.5
            if hit:
                free[values.argmax()] = False
            results.append((box[4], hit))
    print(
        "%s %dx%d: AP50 %.1f %%, %d persons, median %.1f ms per run"
        % (
            os.path.basename(options.model), options.width, options.height,
            100 * average_precision(results, truth_count), truth_count, 1e3 * float(numpy.median(seconds)),
        )
    )


if __name__ == "__main__":
    main()
