#!/usr/bin/env python3
"""Turns a frozen SSD-MobileNetV2 graph of TensorFlow's detection zoo into a small ONNX network.

    ssd_to_onnx.py frozen_inference_graph.pb OUTPUT.onnx [--width 640] [--height 384] [--category 1]

Needs nothing but Python's standard library, so that a fresh machine can run it, and writes the same bytes
everywhere.

The network that comes out
  input   images [1, 3, HEIGHT, WIDTH], float32, blue green red, 0...255
  output  boxes  [1, N, 5], float32: left, top, right, bottom in input pixels, score 0...1 of the one category

The graph's own pre-processing, its anchors' box decoding and the score's sigmoid are kept; its resizing and its
non-maximum suppression, which are slow loops, are left to the caller, and the other 89 categories are cut off.
Batch normalisation is folded into the convolutions. The first convolution's channels are turned round, so that
the network takes pictures in the same order as the face detector.

Anchors
  The network was trained on 300 x 300 pixels, with anchors spread evenly over the picture. It is fully
  convolutional: a larger input only extends its feature maps, and what a cell sees stays what it was. So, for
  other sizes, the anchors keep their size in pixels and sit where the cell's receptive field puts them. The
  distance between the two at 300 x 300 (its mean over the cells) is what the network learned, and is kept.
  Spreading the anchors over the larger picture as at 300 x 300 makes boxes about 30 % too large.

Sources: W. Liu et al., "SSD: Single Shot MultiBox Detector", 2016 (anchors, box coding); M. Sandler et al.,
"MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018 (the trunk); the protocol buffer field numbers of
TensorFlow's GraphDef and of ONNX are from their published .proto files.
"""

import argparse
import array
import math
import os
import struct
import sys

TRAINED_SIZE = 300
BATCH_NORM_EPSILON = 1e-3
# Channels of the additional feature layers behind the trunk.
EXTRA_CHANNELS = (512, 256, 256, 128)
# Blocks of MobileNetV2 that halve the resolution.
STRIDED_BLOCKS = (1, 3, 6, 13)
BLOCK_COUNT = 17


class ConversionError(Exception):
    """A frozen graph that is not the one this script knows."""


# Protocol buffers ------------------------------------------------------------------------------------------


def read_varint(data, position):
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ConversionError("the file is cut off or is no protocol buffer")
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def read_fields(data):
    """Yields (field number, value); a length-delimited value is a memoryview."""
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = read_varint(data, position)
        else:
            if kind == 2:
                length, position = read_varint(data, position)
            elif kind in (1, 5):
                length = 8 if kind == 1 else 4
            else:
                raise ConversionError("the file is no protocol buffer")
            value = data[position : position + length]
            if len(value) != length:
                raise ConversionError("the file is cut off")
            position += length
        yield key >> 3, value


def read_float_tensor(data):
    """Reads a TensorProto of floats as (sizes, values); None for other types."""
    is_float = False
    sizes = []
    content = b""
    listed = []
    for field, value in read_fields(data):
        if field == 1:
            is_float = value == 1
        elif field == 2:
            sizes = [
                next((size for number, size in read_fields(dimension) if number == 1), 0)
                for number, dimension in read_fields(value)
                if number == 2
            ]
        elif field == 4:
            content = value
        elif field == 5:
            listed += array.array("f", bytes(value))
    if not is_float:
        return None
    values = array.array("f", bytes(content)) if len(content) else array.array("f", listed)
    if sys.byteorder != "little" and len(content):
        values.byteswap()
    count = math.prod(sizes)
    if len(values) == 1 and count > 1:
        values = array.array("f", [values[0]] * count)
    if len(values) != count:
        raise ConversionError("a constant has %d values where its shape wants %d" % (len(values), count))
    return sizes, values


def read_constants(path):
    """Reads the float constants of a frozen GraphDef: name -> (sizes, values)."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    constants = {}
    for field, node in read_fields(data):
        if field != 1:
            continue
        name = operation = ""
        tensor = None
        for number, value in read_fields(node):
            if number == 1:
                name = bytes(value).decode()
            elif number == 2:
                operation = bytes(value).decode()
            elif number == 5:
                entry = dict(read_fields(value))
                if bytes(entry.get(1, b"")) == b"value":
                    tensor = next((part for kind, part in read_fields(entry[2]) if kind == 8), None)
        if operation == "Const" and tensor is not None:
            read = read_float_tensor(tensor)
            if read is not None:
                constants[name] = read
    return constants


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        if value < 128:
            out.append(value)
            return bytes(out)
        out.append(value & 127 | 128)
        value >>= 7


def number_field(field, value):
    return varint(field << 3) + varint(value)


def bytes_field(field, value):
    if isinstance(value, str):
        value = value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


# ONNX ------------------------------------------------------------------------------------------------------

ONNX_FLOAT, ONNX_INT64 = 1, 7


def value_information(name, sizes):
    shape = b"".join(bytes_field(1, number_field(1, size)) for size in sizes)
    tensor_type = number_field(1, ONNX_FLOAT) + bytes_field(2, shape)
    return bytes_field(1, name) + bytes_field(2, bytes_field(1, tensor_type))


class Graph:
    """An ONNX graph under construction."""

    def __init__(self):
        self.nodes = []
        self.initializers = []

    def floats(self, sizes, values):
        if not isinstance(values, array.array):
            values = array.array("f", values)
        if sys.byteorder != "little":
            values = array.array("f", values)
            values.byteswap()
        return self._initializer(sizes, ONNX_FLOAT, values.tobytes())

    def integers(self, values):
        return self._initializer([len(values)], ONNX_INT64, struct.pack("<%dq" % len(values), *values))

    def _initializer(self, sizes, kind, data):
        name = "constant%d" % len(self.initializers)
        dimensions = b"".join(number_field(1, size) for size in sizes)
        self.initializers.append(
            dimensions + number_field(2, kind) + bytes_field(8, name) + bytes_field(9, data)
        )
        return name

    def add(self, operation, inputs, outputs=None, **attributes):
        """Adds a node and returns the name of its (first) output."""
        names = outputs or ["value%d" % len(self.nodes)]
        node = b"".join(bytes_field(1, name) for name in inputs)
        node += b"".join(bytes_field(2, name) for name in names)
        node += bytes_field(3, "node%d" % len(self.nodes)) + bytes_field(4, operation)
        for name, value in sorted(attributes.items()):
            if isinstance(value, int):
                content = number_field(3, value) + number_field(20, 2)
            else:
                content = b"".join(number_field(8, item) for item in value) + number_field(20, 7)
            node += bytes_field(5, bytes_field(1, name) + content)
        self.nodes.append(node)
        return names[0]

    def serialized(self, inputs, outputs):
        graph = b"".join(bytes_field(1, node) for node in self.nodes)
        graph += bytes_field(2, "ssd_mobilenet_v2_person")
        graph += b"".join(bytes_field(5, tensor) for tensor in self.initializers)
        graph += b"".join(bytes_field(11, value_information(*entry)) for entry in inputs)
        graph += b"".join(bytes_field(12, value_information(*entry)) for entry in outputs)
        operators = bytes_field(1, "") + number_field(2, 13)
        return number_field(1, 8) + bytes_field(2, "throughline") + bytes_field(7, graph) + bytes_field(8, operators)


# Geometry --------------------------------------------------------------------------------------------------


class Axis:
    """One axis of a feature map: its length, and where the receptive field of cell i has its centre in input
    pixels, namely at stride * i + origin."""

    def __init__(self, length, stride=1.0, origin=0.5):
        self.length, self.stride, self.origin = length, stride, origin

    def convolved(self, kernel, step):
        """The axis after a convolution with TensorFlow's "SAME" padding, and the padding before and after."""
        length = -(-self.length // step)
        padding = max((length - 1) * step + kernel - self.length, 0)
        before = padding // 2
        origin = self.origin + self.stride * ((kernel - 1) / 2 - before)
        return Axis(length, self.stride * step, origin), before, padding - before


def feature_axes(length):
    """The axes of the six feature maps that carry predictions, for an input of a length in pixels."""
    axis = Axis(length).convolved(3, 2)[0]
    axes = []
    for block in range(BLOCK_COUNT):
        if block == 13:
            axes.append(axis)  # its expansion, before the depthwise convolution halves it
        axis = axis.convolved(3, 2 if block in STRIDED_BLOCKS else 1)[0]
    axes.append(axis)
    for _ in EXTRA_CHANNELS:
        axis = axis.convolved(3, 2)[0]
        axes.append(axis)
    return axes


def anchor_centers(length):
    """The anchors' centres along one axis, in input pixels, for each of the six feature maps."""
    result = []
    for axis, trained in zip(feature_axes(length), feature_axes(TRAINED_SIZE)):
        step = TRAINED_SIZE / trained.length
        if length == TRAINED_SIZE:
            result.append([(cell + 0.5) * step for cell in range(axis.length)])
            continue
        shift = sum(
            trained.stride * cell + trained.origin - (cell + 0.5) * step for cell in range(trained.length)
        ) / trained.length
        result.append([axis.stride * cell + axis.origin - shift for cell in range(axis.length)])
    return result


def anchor_sizes(layer):
    """The (width, height) of the anchors of a cell, in input pixels."""
    scales = [0.2 + (0.95 - 0.2) * index / 5 for index in range(6)] + [1.0]
    if layer == 0:
        shapes = [(0.1, 1.0), (0.2, 2.0), (0.2, 0.5)]
    else:
        shapes = [(scales[layer], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 0.3333)]
        shapes.append((math.sqrt(scales[layer] * scales[layer + 1]), 1.0))
    return [
        (scale * math.sqrt(ratio) * TRAINED_SIZE, scale / math.sqrt(ratio) * TRAINED_SIZE)
        for scale, ratio in shapes
    ]


# The network -----------------------------------------------------------------------------------------------


class Feature:
    """A tensor of the network with the axes of its map and its number of channels."""

    def __init__(self, name, rows, columns, channels):
        self.name, self.rows, self.columns, self.channels = name, rows, columns, channels


class Converter:
    def __init__(self, constants, width, height, category):
        self.constants, self.width, self.height, self.category = constants, width, height, category
        self.graph = Graph()
        self.zero = self.graph.floats([], [0.0])
        self.six = self.graph.floats([], [6.0])

    def constant(self, name):
        if name not in self.constants:
            raise ConversionError("the graph has no constant '%s'; it is no SSD-MobileNetV2" % name)
        return self.constants[name]

    def normalization(self, prefix):
        """The factor and the offset of each channel that a batch normalisation amounts to."""
        parts = [
            self.constant("%s/BatchNorm/%s" % (prefix, part))[1]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
        factors, offsets = [], []
        for gamma, beta, mean, variance in zip(*parts):
            factor = gamma / math.sqrt(variance + BATCH_NORM_EPSILON)
            factors.append(factor)
            offsets.append(beta - mean * factor)
        return factors, offsets

    def weights(self, name, depthwise, factors=None, selection=None, reverse_input=False):
        """Weights in ONNX's order (outputs, inputs, rows, columns), times a factor per output."""
        (rows, columns, inputs, outputs), values = self.constant(name)
        if depthwise:
            if outputs != 1:
                raise ConversionError("the depthwise weights '%s' have a multiplier" % name)
            inputs, outputs = 1, inputs
        result = array.array("f")
        for output in range(outputs) if selection is None else selection:
            own = values[output::outputs]  # rows, columns, inputs
            factor = 1.0 if factors is None else factors[output]
            order = range(inputs)
            for index in reversed(order) if reverse_input else order:
                result.extend([value * factor for value in own[index::inputs]])
        count = outputs if selection is None else len(selection)
        return [count, inputs, rows, columns], result

    def convolution(self, feature, weights, biases, step=1, depthwise=False, activate=True):
        sizes, values = weights
        kernel = sizes[2]
        if not depthwise and sizes[1] != feature.channels:
            raise ConversionError("a convolution wants %d channels and gets %d" % (sizes[1], feature.channels))
        rows, top, bottom = feature.rows.convolved(kernel, step)
        columns, left, right = feature.columns.convolved(kernel, step)
        name = self.graph.add(
            "Conv",
            [feature.name, self.graph.floats(sizes, values), self.graph.floats([sizes[0]], biases)],
            kernel_shape=[kernel, kernel],
            strides=[step, step],
            pads=[top, left, bottom, right],
            group=sizes[0] if depthwise else 1,
        )
        if activate:
            name = self.graph.add("Clip", [name, self.zero, self.six])
        return Feature(name, rows, columns, sizes[0])

    def full(self, feature, prefix, step=1, activate=True, reverse_input=False):
        factors, offsets = self.normalization(prefix)
        weights = self.weights(prefix + "/weights", False, factors, reverse_input=reverse_input)
        return self.convolution(feature, weights, offsets, step, False, activate)

    def depthwise(self, feature, prefix, step=1):
        factors, offsets = self.normalization(prefix)
        weights = self.weights(prefix + "/depthwise_weights", True, factors)
        return self.convolution(feature, weights, offsets, step, True)

    def trunk(self):
        """The six feature maps that carry predictions."""
        base = "FeatureExtractor/MobilenetV2/"
        scaled = self.graph.add("Mul", ["images", self.graph.floats([], [2 / 255])])
        centered = self.graph.add("Sub", [scaled, self.graph.floats([], [1.0])])
        feature = Feature(centered, Axis(self.height), Axis(self.width), 3)
        feature = self.full(feature, base + "Conv", 2, reverse_input=True)
        maps = []
        for block in range(BLOCK_COUNT):
            prefix = base + ("expanded_conv" if block == 0 else "expanded_conv_%d" % block)
            step = 2 if block in STRIDED_BLOCKS else 1
            inner = feature
            if block > 0:
                inner = self.full(inner, prefix + "/expand")
            if block == 13:
                maps.append(inner)
            inner = self.depthwise(inner, prefix + "/depthwise", step)
            inner = self.full(inner, prefix + "/project", activate=False)
            if step == 1 and inner.channels == feature.channels:
                inner.name = self.graph.add("Add", [feature.name, inner.name])
            feature = inner
        feature = self.full(feature, base + "Conv_1")
        maps.append(feature)
        for index, channels in enumerate(EXTRA_CHANNELS, start=2):
            feature = self.full(feature, "%slayer_19_1_Conv2d_%d_1x1_%d" % (base, index, channels // 2))
            prefix = "%slayer_19_2_Conv2d_%d_3x3_s2_%d" % (base, index, channels)
            if prefix + "_depthwise/depthwise_weights" in self.constants:
                feature = self.full(self.depthwise(feature, prefix + "_depthwise", 2), prefix)
            else:
                feature = self.full(feature, prefix, 2)
            maps.append(feature)
        return maps

    def head(self, layer, feature, kind, selection):
        """One predictor's outputs [1, anchors, values per anchor]."""
        prefix = "BoxPredictor_%d/%s" % (layer, kind)
        if prefix + "_depthwise/depthwise_weights" in self.constants:
            feature = self.depthwise(feature, prefix + "_depthwise")
        biases = self.constant(prefix + "/biases")[1]
        weights = self.weights(prefix + "/weights", False, selection=selection)
        output = self.convolution(
            feature, weights, [biases[index] for index in selection], activate=False
        )
        anchors = len(anchor_sizes(layer))
        rows_last = self.graph.add("Transpose", [output.name], perm=[0, 2, 3, 1])
        count = feature.rows.length * feature.columns.length * anchors
        return self.graph.add("Reshape", [rows_last, self.graph.integers([1, count, len(selection) // anchors])])

    def predictions(self, layer, feature, rows, columns):
        """Boxes and scores of one feature map, [1, anchors, 5], and the number of anchors."""
        sizes = anchor_sizes(layer)
        categories = len(self.constant("BoxPredictor_%d/ClassPredictor/biases" % layer)[1]) // len(sizes)
        if not 0 < self.category < categories:
            raise ConversionError("category %d is not one of 1...%d" % (self.category, categories - 1))
        scores = self.graph.add(
            "Sigmoid",
            [
                self.head(
                    layer, feature, "ClassPredictor",
                    [anchor * categories + self.category for anchor in range(len(sizes))],
                )
            ],
        )
        # The graph codes a box as y, x, height, width; here x comes first, so that no step has to turn it round.
        order = [anchor * 4 + part for anchor in range(len(sizes)) for part in (1, 0, 3, 2)]
        coded = self.head(layer, feature, "BoxEncodingPredictor", order)
        centers, extents = [], []
        for y in rows:
            for x in columns:
                for width, height in sizes:
                    centers += [x, y]
                    extents += [width, height]
        count = len(centers) // 2
        shift, growth = "shift%d" % layer, "growth%d" % layer
        self.graph.add("Split", [coded, self.graph.integers([2, 2])], [shift, growth], axis=2)
        graph, shape = self.graph, [1, count, 2]
        # Offsets are coded in tenths of the anchor, sizes as five times the logarithm (Liu et al., variances
        # 0.1 and 0.2).
        moved = graph.add("Mul", [shift, graph.floats(shape, [extent / 10 for extent in extents])])
        center = graph.add("Add", [moved, graph.floats(shape, centers)])
        factor = graph.add("Exp", [graph.add("Mul", [growth, graph.floats([], [0.2])])])
        half = graph.add("Mul", [factor, graph.floats(shape, [extent / 2 for extent in extents])])
        corners = [graph.add("Sub", [center, half]), graph.add("Add", [center, half])]
        return graph.add("Concat", corners + [scores], axis=2), count

    def convert(self):
        maps = self.trunk()
        rows, columns = anchor_centers(self.height), anchor_centers(self.width)
        parts, total = [], 0
        for layer, feature in enumerate(maps):
            if (feature.rows.length, feature.columns.length) != (len(rows[layer]), len(columns[layer])):
                raise ConversionError("the feature map %d does not have the size it should" % layer)
            part, count = self.predictions(layer, feature, rows[layer], columns[layer])
            parts.append(part)
            total += count
        self.graph.add("Concat", parts, ["boxes"], axis=1)
        return self.graph.serialized(
            [("images", [1, 3, self.height, self.width])], [("boxes", [1, total, 5])]
        )


def main():
    parser = argparse.ArgumentParser(description="Converts a frozen SSD-MobileNetV2 graph to ONNX.")
    parser.add_argument("graph")
    parser.add_argument("output")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--category", type=int, default=1, help="the COCO category to keep; 1 is person")
    options = parser.parse_args()
    if not (64 <= options.width <= 4096 and 64 <= options.height <= 4096):
        sys.exit("error: width and height must lie between 64 and 4096")
    try:
        constants = read_constants(options.graph)
        network = Converter(constants, options.width, options.height, options.category).convert()
    except (ConversionError, OSError, ValueError) as error:
        sys.exit("error: cannot convert %s: %s" % (options.graph, error))
    part = options.output + ".part"
    with open(part, "wb") as file:
        file.write(network)
    os.replace(part, options.output)


if __name__ == "__main__":
    main()
