#!/usr/bin/env python3
"""Quantises a network to INT8 after training, with NNCF.

    quantise.py MODEL OUTPUT.xml TENSORS COUNT CHANNELS HEIGHT WIDTH [--preset mixed|performance]
                [--accurate-bias] [--ignore PATTERN]...

TENSORS holds COUNT inputs as the program prepares them for this network, float32, one after the other. Weights and
activations become 8-bit integers, weights with one scale a channel; layers whose name matches a PATTERN (a regular
expression) stay as they are. Needs the Python packages nncf and openvino, which `throughline models compile` installs
into an environment of its own.

A line `progress N` on standard output says that N inputs have been looked at so far.
"""

import argparse
import os
import sys


def fail(text):
    print("error: " + " ".join(str(text).split())[:300])
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description="INT8 post-training quantisation of a network.")
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("tensors")
    parser.add_argument("shape", type=int, nargs=4, metavar="N", help="count, channels, height, width")
    parser.add_argument("--preset", choices=("mixed", "performance"), default="mixed")
    parser.add_argument("--accurate-bias", action="store_true", help="correct biases layer by layer (slow)")
    parser.add_argument("--ignore", action="append", default=[], help="regular expression of layers kept in float")
    options = parser.parse_args()
    try:
        import nncf
        import numpy
        import openvino
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ImportError as error:
        fail("this Python cannot quantise: %s" % error)
    try:
        tensors = numpy.memmap(options.tensors, numpy.float32, "r", shape=tuple(options.shape))
    except (OSError, ValueError) as error:
        fail("the calibration data %s: %s" % (options.tensors, error))
    seen = 0
    parent = os.getppid()

    def look(index):
        nonlocal seen
        # Whoever started this may have been ended; nobody waits for the result then.
        if os.getppid() != parent:
            sys.exit(1)
        seen += 1
        print("progress %d" % seen, flush=True)
        return numpy.array(tensors[index : index + 1])

    try:
        model = openvino.Core().read_model(options.model)
        model.reshape([1, *options.shape[1:]])
        quantised = nncf.quantize(
            model,
            nncf.Dataset(range(len(tensors)), look),
            subset_size=len(tensors),
            preset=nncf.QuantizationPreset(options.preset),
            fast_bias_correction=not options.accurate_bias,
            # Ranges of activations that lose least, rather than the largest value ever seen: on MobileNetV2's thin
            # layers that halves what quantisation costs.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
            ),
            ignored_scope=nncf.IgnoredScope(patterns=options.ignore) if options.ignore else None,
        )
        openvino.save_model(quantised, options.output, compress_to_fp16=True)
    except Exception as error:  # whatever the two libraries raise, the user gets one line
        fail(error)


if __name__ == "__main__":
    main()
