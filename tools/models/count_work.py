#!/usr/bin/env python3
"""Counts the multiply-accumulates of one run of networks: convolutions and matrix products, nothing else.

    count_work.py MODEL WIDTH HEIGHT [MODEL WIDTH HEIGHT]...

Needs the Python package openvino: this is for whoever adds a model to the zoo, not a part of the program.
"""

import sys

import numpy
import openvino


def count(path, width, height):
    model = openvino.Core().read_model(path)
    model.reshape([1, 3, height, width])
    total = 0
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"):
            continue
        output = node.output(0).get_partial_shape()
        if not output.is_static:
            raise SystemExit("%s: the shape of %s is not fixed" % (path, node.get_friendly_name()))
        if kind == "MatMul":
            left = list(node.input(0).get_shape())
            shared = left[-2] if node.get_attributes()["transpose_a"] else left[-1]
            total += int(numpy.prod(output.get_shape())) * shared
        elif kind == "ConvolutionBackpropData":
            weights = node.input(1).get_shape()
            total += int(numpy.prod(node.input(0).get_shape())) * int(numpy.prod(list(weights)[1:]))
        else:
            # Every output value takes one kernel: all dimensions of the weights but that of the output channels.
            weights = list(node.input(1).get_shape())
            kernel = weights[2:] if kind == "GroupConvolution" else weights[1:]
            total += int(numpy.prod(output.get_shape())) * int(numpy.prod(kernel))
    return total


def main():
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 3:
        raise SystemExit(__doc__)
    for path, width, height in zip(arguments[::3], arguments[1::3], arguments[2::3]):
        print("%s %sx%s: %d" % (path, width, height, count(path, int(width), int(height))))


if __name__ == "__main__":
    main()
