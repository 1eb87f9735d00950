"""Writes a trained network as ONNX and OpenVINO IR: BatchNorm merged, branches re-parameterised, no L2 norm."""

import logging
from pathlib import Path

import numpy as np
import torch

from .checkpoint import load_checkpoint
from .configuration import Configuration, overridden, parse_configuration
from .errors import TrainingError
from .networks import EmbeddingNetwork, merged
from .train import build_network


def load_run(directory: Path, overrides: list[str] = ()) -> tuple[EmbeddingNetwork, Configuration, dict]:
    """The averaged network of a run's checkpoint, the run's configuration and its progress.

    ``overrides`` such as ``input.height=128`` make another network of the same weights.
    """
    state = load_checkpoint(directory)
    if state is None:
        raise TrainingError(f"{directory}: no checkpoint in it; train first, or name the run's folder with --run")
    configuration = parse_configuration(overridden(state["configuration"], overrides))
    network = build_network(configuration, load_trunk=False)
    network.load_state_dict(state["average"])
    return network.eval(), configuration, state["progress"]


def export_onnx(network: EmbeddingNetwork, height: int, width: int, file: Path, half: bool = True) -> None:
    """ONNX with a free batch size; input ``crops`` [n, 3, h, w], output ``embedding`` [n, d].

    ``half`` keeps the weights as FP16 (computing stays FP32): half the file.
    """
    import onnx

    plain = merged(network).to(memory_format=torch.contiguous_format)
    example = torch.zeros(2, 3, height, width)
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        plain,
        (example,),
        str(file),
        input_names=["crops"],
        output_names=["embedding"],
        dynamic_axes={"crops": {0: "n"}, "embedding": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(file))
    if half:
        halve_weights(model)
    for key, value in {
        "input": "RGB, (pixel - mean) / deviation with pixel 0...255, stretched to the input size",
        "mean": "123.675, 116.28, 103.53",
        "deviation": "58.395, 57.12, 57.375",
        "output": "embedding without L2 norm; compare by cosine",
    }.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def halve_weights(model) -> None:
    """Stores each larger FP32 weight of an ONNX model as FP16, with a Cast to FP32 behind it."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for position, weight in enumerate(model.graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 256:
            continue
        values = numpy_helper.to_array(weight)
        if np.abs(values).max() > 65504:
            raise TrainingError(f"export: weight {weight.name} does not fit FP16")
        casts.append(helper.make_node("Cast", [weight.name + "_half"], [weight.name], to=TensorProto.FLOAT))
        model.graph.initializer[position].CopyFrom(
            numpy_helper.from_array(values.astype(np.float16), weight.name + "_half")
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def export_ir(onnx_file: Path, file: Path) -> None:
    """The same network as OpenVINO IR with FP16 weights."""
    import openvino

    openvino.save_model(openvino.Core().read_model(str(onnx_file)), str(file), compress_to_fp16=True)


def quantise(onnx_file: Path, calibration: np.ndarray, file: Path) -> None:
    """INT8 post-training quantisation (NNCF) with real crops, already normalised [n, 3, h, w].

    Ranges of activations are those that lose least (histograms) rather than the extremes: with extremes
    throughline-reid-s loses 1.5 R1 on market1501-dev150, so 0.6.
    """
    import nncf
    import openvino
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    # It tells layer by layer where a histogram is impossible and the extremes are taken; nobody can act on that.
    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(str(onnx_file))
    model.reshape([1, *calibration.shape[1:]])
    quantised = nncf.quantize(
        model,
        nncf.Dataset([row[None] for row in calibration]),
        subset_size=len(calibration),
        preset=nncf.QuantizationPreset.MIXED,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
        ),
    )
    quantised.reshape([-1, *calibration.shape[1:]])
    openvino.save_model(quantised, str(file), compress_to_fp16=True)
