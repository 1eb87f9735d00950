"""The embedding networks: a MobileNetV2 trunk with ReLU, and RepVGG-A0 for the day an accelerator is there.

Both give an embedding that is compared by cosine; the L2 norm is left to the program.
"""

import copy
import itertools
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .errors import TrainingError


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]


class InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler et al., 2018), with ReLU in place of ReLU6."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int):
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [*_convolution(inputs, hidden, 1), nn.ReLU(inplace=True)]
        layers += [*_convolution(hidden, hidden, 3, stride, groups=hidden), nn.ReLU(inplace=True)]
        layers += _convolution(hidden, outputs, 1)
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileTrunk(nn.Module):
    """MobileNetV2 at width 1 whose last down-sampling is left out: the final map is 1/16 of the input.

    Parameter names follow the common ImageNet checkpoints, so that one can be loaded as it is.
    """

    channels = 1280
    # expansion, channels, blocks, stride
    _stages = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 1),
        (6, 320, 1, 1),
    )

    def __init__(self):
        super().__init__()
        features: list[nn.Module] = [nn.Sequential(*_convolution(3, 32, 3, 2), nn.ReLU(inplace=True))]
        inputs = 32
        for expansion, outputs, blocks, stride in self._stages:
            for block in range(blocks):
                features.append(InvertedResidual(inputs, outputs, stride if block == 0 else 1, expansion))
                inputs = outputs
        features.append(nn.Sequential(*_convolution(inputs, self.channels, 1), nn.ReLU(inplace=True)))
        self.features = nn.Sequential(*features)
        self.frozen = 0

    def load_imagenet(self, weights: Path) -> None:
        """Loads an ImageNet checkpoint (a state dictionary, tensors only: no code is unpickled)."""
        weights = Path(weights)
        if not weights.is_file():
            raise TrainingError(f"{weights}: trunk weights not found; run `fetch-trunk` or set `network.trunk: none`")
        try:
            state = torch.load(weights, map_location="cpu", weights_only=True)
            state = {k: v for k, v in state.items() if k.startswith("features.")}
            self.load_state_dict(state)
        except Exception as error:
            raise TrainingError(f"{weights}: not the weights of a MobileNetV2 trunk ({str(error)[:120]})") from error

    def fold_batch_norm(self) -> None:
        """Merges each BatchNorm into its convolution: a step takes half the time on a CPU, but statistics are fixed."""
        self.eval()
        for module in self.modules():
            if isinstance(module, nn.Sequential):
                children = list(module._modules.items())
                for (name, layer), (next_name, following) in itertools.pairwise(children):
                    if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                        # A bias that comes out of the merge is marked as fixed; it has to learn like the weight.
                        module._modules[name] = fuse_conv_bn_eval(layer, following).requires_grad_(True)
                        module._modules[next_name] = nn.Identity()

    def freeze(self, blocks: int) -> None:
        """Keeps the first blocks as they are: they hold generic edges and colours and cost the most memory traffic."""
        self.frozen = blocks
        for parameter in self.features[:blocks].parameters():
            parameter.requires_grad_(False)

    def train(self, mode: bool = True):
        super().train(mode)
        if self.frozen:
            self.features[: self.frozen].eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        if self.frozen:
            with torch.no_grad():
                x = self.features[: self.frozen](x)
        return self.features[self.frozen :](x)


class RepVGGBlock(nn.Module):
    """RepVGG's block (Ding et al., 2021): 3x3 + 1x1 + identity while training, one 3x3 convolution afterwards."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.inputs, self.outputs, self.stride = inputs, outputs, stride
        self.wide = nn.Sequential(*_convolution(inputs, outputs, 3, stride))
        self.point = nn.Sequential(*_convolution(inputs, outputs, 1, stride))
        self.same = nn.BatchNorm2d(inputs) if inputs == outputs and stride == 1 else None
        self.merged: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.merged is not None:
            return torch.relu(self.merged(x))
        y = self.wide(x) + self.point(x)
        if self.same is not None:
            y = y + self.same(x)
        return torch.relu(y)

    def merge(self) -> None:
        """Re-parameterises the three branches into one convolution; call in evaluation mode."""
        kernel, bias = self._folded(self.wide[0].weight, self.wide[1])
        point, point_bias = self._folded(nn.functional.pad(self.point[0].weight, [1, 1, 1, 1]), self.point[1])
        kernel, bias = kernel + point, bias + point_bias
        if self.same is not None:
            identity = torch.zeros_like(kernel)
            for channel in range(self.inputs):
                identity[channel, channel, 1, 1] = 1
            same, same_bias = self._folded(identity, self.same)
            kernel, bias = kernel + same, bias + same_bias
        self.merged = nn.Conv2d(self.inputs, self.outputs, 3, self.stride, 1).to(kernel.device)
        self.merged.weight.data, self.merged.bias.data = kernel, bias
        del self.wide, self.point, self.same

    @staticmethod
    def _folded(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
        gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
        return weight.detach() * gain[:, None, None, None], norm.bias.detach() - norm.running_mean * gain


class RepVGGTrunk(nn.Module):
    """RepVGG's plain stack; the last stage keeps its resolution (stride 1), as re-identification wants it."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...]):
        super().__init__()
        blocks: list[nn.Module] = [RepVGGBlock(3, min(64, widths[0]), 2)]
        inputs = min(64, widths[0])
        for stage, (width, depth) in enumerate(zip(widths, depths)):
            for block in range(depth):
                stride = 2 if block == 0 and stage < len(widths) - 1 else 1
                blocks.append(RepVGGBlock(inputs, width, stride))
                inputs = width
        self.features = nn.Sequential(*blocks)
        self.channels = inputs

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


class EmbeddingNetwork(nn.Module):
    """Trunk, average pooling, one linear layer: input [n, 3, h, w] normalised RGB, output [n, d]."""

    def __init__(self, trunk: nn.Module, dimension: int):
        super().__init__()
        self.trunk = trunk
        self.project = nn.Linear(trunk.channels, dimension, bias=False)
        nn.init.normal_(self.project.weight, std=trunk.channels**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.trunk(x).mean((2, 3)))


def merged(network: EmbeddingNetwork) -> EmbeddingNetwork:
    """A copy for inference: plain convolutions only."""
    network = copy.deepcopy(network).cpu().eval()
    for module in list(network.modules()):
        if isinstance(module, RepVGGBlock) and module.merged is None:
            module.merge()
    if isinstance(network.trunk, MobileTrunk):
        network.trunk.fold_batch_norm()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            raise TrainingError(f"a BatchNorm is left in {type(network.trunk).__name__}; its trunk has no merge")
    return network


TRUNKS = {
    "mobilenet-v2": MobileTrunk,
    "repvgg-s": lambda: RepVGGTrunk((32, 64, 96, 256), (2, 3, 8, 1)),
    "repvgg-a0": lambda: RepVGGTrunk((48, 96, 192, 512), (2, 4, 14, 1)),
}


def multiply_accumulates(network: nn.Module, height: int, width: int) -> int:
    """Multiply-accumulates of one crop, counted over convolutions and linear layers."""
    total = 0
    handles = []

    def count(module: nn.Module, _, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            positions = output.shape[2] * output.shape[3]
            total += positions * module.weight.numel()
        else:
            total += module.weight.numel()

    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            handles.append(module.register_forward_hook(count))
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, height, width, device=next(network.parameters()).device))
    network.train(was_training)
    for handle in handles:
        handle.remove()
    return total
