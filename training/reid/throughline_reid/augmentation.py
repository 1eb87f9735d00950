"""Random changes of a batch of crops: geometry in one resampling, then colour, then erasing."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class AugmentationSettings:
    """Strengths; 0 switches one off. Shifts are fractions of the picture's side."""

    flip: float = 0.5
    shift: float = 0.06
    scale: float = 0.08
    brightness: float = 0.25
    channel_gain: float = 0.06
    contrast: float = 0.2
    erase: float = 0.4


def normalise(pixels: Tensor) -> Tensor:
    """RGB 0..255 [n, 3, h, w] to ImageNet's mean and deviation."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1) * 255
    deviation = torch.tensor(DEVIATION, device=pixels.device).view(1, 3, 1, 1) * 255
    return (pixels - mean) / deviation


def augment(crops: Tensor, height: int, width: int, settings: AugmentationSettings) -> Tensor:
    """uint8 RGB [n, h, w, 3] to normalised float [n, 3, height, width]. Uses torch's global generator."""
    count, device = len(crops), crops.device

    def around(strength: float, *shape: int) -> Tensor:
        return (torch.rand(count, *shape, device=device) * 2 - 1) * strength

    pixels = crops.permute(0, 3, 1, 2).float()
    mirror = torch.where(torch.rand(count, device=device) < settings.flip, -1.0, 1.0)
    motion = torch.zeros(count, 2, 3, device=device)
    motion[:, 0, 0] = mirror * (1 + around(settings.scale))
    motion[:, 1, 1] = 1 + around(settings.scale)
    motion[:, :, 2] = around(2 * settings.shift, 2)
    grid = F.affine_grid(motion, [count, 3, height, width], align_corners=False)
    pixels = F.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)
    gain = (1 + around(settings.brightness, 1, 1, 1)) * (1 + around(settings.channel_gain, 3, 1, 1))
    middle = pixels.mean((1, 2, 3), keepdim=True)
    pixels = ((pixels - middle) * (1 + around(settings.contrast, 1, 1, 1)) + middle) * gain
    batch = normalise(pixels.clamp(0, 255))
    return erase(batch, settings.erase)


def erase(batch: Tensor, probability: float) -> Tensor:
    """Random erasing (Zhong et al., 2020): one rectangle of 4 to 30 % of the area becomes the mean colour, in place."""
    count, _, height, width = batch.shape
    hit = torch.rand(count) < probability
    area = torch.empty(count).uniform_(0.04, 0.30)
    aspect = torch.exp(torch.empty(count).uniform_(-1.2, 1.2))
    tall = (torch.sqrt(area * aspect) * height).clamp(1, height - 1).long()
    wide = (torch.sqrt(area / aspect) * width).clamp(1, width - 1).long()
    top = (torch.rand(count) * (height - tall)).long()
    left = (torch.rand(count) * (width - wide)).long()
    for index in hit.nonzero().flatten().tolist():
        y, x = top[index], left[index]
        batch[index, :, y : y + tall[index], x : x + wide[index]] = 0
    return batch
