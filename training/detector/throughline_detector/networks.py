"""An anchor-free detector of nano size: MobileNetV2 trunk with ReLU, a light feature pyramid, one head for all levels.

The output has YOLOX's form (Ge et al., 2021), so that the program's `yolox` decoder reads it: [n, cells, 5 + classes]
with offset of the centre and logarithm of the size in units of the stride, quality, score of each class.
"""

import itertools

import torch
from throughline_reid.networks import MobileTrunk
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CLASSES = ("person", "face")
STRIDES = (8, 16, 32)


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class NanoDetector(nn.Module):
    """Input [n, 3, h, w], BGR 0...255 (what the program's other detectors take); sides are multiples of 32."""

    # The trunk's blocks whose outputs have a stride of 8 and 16, and their channels.
    _taps = ((7, 32), (14, 96))

    def __init__(self, width: int = 64):
        super().__init__()
        trunk = MobileTrunk()
        trunk.features = trunk.features[: self._taps[-1][0]]
        self.trunk = trunk
        self.laterals = nn.ModuleList(nn.Conv2d(channels, width, 1) for _, channels in self._taps)
        self.down = _separable(self._taps[-1][1], width, stride=2)
        self.smooth = nn.ModuleList(_separable(width, width) for _ in STRIDES)
        self.box_tower = nn.Sequential(_separable(width, width), _separable(width, width))
        self.class_tower = nn.Sequential(_separable(width, width), _separable(width, width))
        self.box = nn.Conv2d(width, 5, 1)
        self.classes = nn.Conv2d(width, len(CLASSES), 1)
        # Nearly every cell is background: scores begin near 0.01, or the first steps are wasted on that.
        nn.init.constant_(self.classes.bias, -4.6)
        self.register_buffer("mean", torch.tensor([103.53, 116.28, 123.675]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([57.375, 57.12, 58.395]).view(1, 3, 1, 1), persistent=False)

    def raw(self, x: Tensor) -> Tensor:
        """[n, cells, 5 + classes]: offsets and sizes as in the output; quality and classes before the sigmoid."""
        x = ((x - self.mean) / self.deviation).flip(1)
        begin, taps = 0, []
        for end, _ in self._taps:
            x = self.trunk.features[begin:end](x)
            taps.append(x)
            begin = end
        top = self.down(taps[-1])
        fine, middle = (lateral(tap) for lateral, tap in zip(self.laterals, taps))
        middle = middle + nn.functional.interpolate(top, scale_factor=2.0)
        fine = fine + nn.functional.interpolate(middle, scale_factor=2.0)
        levels = []
        for smooth, level in zip(self.smooth, (fine, middle, top)):
            level = smooth(level)
            values = torch.cat([self.box(self.box_tower(level)), self.classes(self.class_tower(level))], 1)
            levels.append(values.flatten(2).transpose(1, 2))
        return torch.cat(levels, 1)

    def forward(self, x: Tensor) -> Tensor:
        values = self.raw(x)
        return torch.cat([values[..., :4], values[..., 4:].sigmoid()], -1)


def cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Column and row [cells, 2] of every cell, and its stride [cells]."""
    places, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        places.append(torch.stack([columns.flatten(), rows.flatten()], 1).float())
        strides.append(torch.full((rows.numel(),), float(stride)))
    return torch.cat(places), torch.cat(strides)


def boxes(values: Tensor, places: Tensor, strides: Tensor) -> Tensor:
    """Left, top, right, bottom in pixels, of raw values [..., cells, 4+]."""
    centre = (values[..., :2] + places) * strides[:, None]
    half = values[..., 2:4].clamp(max=8).exp() * strides[:, None] / 2
    return torch.cat([centre - half, centre + half], -1)


def fold_batch_norm(network: nn.Module) -> None:
    """Merges every BatchNorm into the convolution before it, for inference."""
    network.eval()
    for module in list(network.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        children = list(module._modules.items())
        for (name, layer), (next_name, following) in itertools.pairwise(children):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                module._modules[name] = fuse_conv_bn_eval(layer, following)
                module._modules[next_name] = nn.Identity()
