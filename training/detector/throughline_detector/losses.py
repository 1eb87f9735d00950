"""Which cell answers for which box, and the losses: focal loss on classes, generalised IoU, quality."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .networks import CLASSES, STRIDES, boxes, cells

# A level answers for boxes whose larger side, in pixels, lies in its range (FCOS, Tian et al., 2019).
_RANGES = ((0, 64), (64, 160), (160, 1e9))


def assign(truth: Tensor, places: Tensor, strides: Tensor, radius: float = 1.5) -> Tensor:
    """For every cell the index of its box in ``truth`` [k, 5] (class, left, top, right, bottom), or -1.

    A cell belongs to a box when its centre lies in the box and within ``radius`` strides of the box's centre, on the
    level for the box's size; of several boxes the smallest. A box that no cell would answer for gets the cell
    nearest to its centre.
    """
    chosen = torch.full((len(places),), -1, dtype=torch.long)
    if len(truth) == 0:
        return chosen
    centres = (places + 0.5) * strides[:, None]
    left, top, right, bottom = truth[:, 1:].unbind(1)
    side = torch.maximum(right - left, bottom - top)
    area = (right - left) * (bottom - top)
    middle = torch.stack([(left + right) / 2, (top + bottom) / 2], 1)
    away = (centres[:, None] - middle[None]).abs().amax(2)
    inside = (
        (centres[:, None, 0] > left) & (centres[:, None, 0] < right)
        & (centres[:, None, 1] > top) & (centres[:, None, 1] < bottom)
    )  # fmt: skip
    fits = torch.zeros(len(places), len(truth), dtype=torch.bool)
    for stride, (low, high) in zip(STRIDES, _RANGES):
        level = (strides == stride)[:, None] & ((side >= low) & (side < high))[None]
        near = away < radius * stride
        fits |= level & near & inside
        lost = ((side >= low) & (side < high)) & ~(level & near & inside).any(0)
        for index in lost.nonzero().flatten().tolist():
            distance = (centres - middle[index]).square().sum(1).masked_fill(strides != stride, torch.inf)
            fits[distance.argmin(), index] = True
    cost = torch.where(fits, area[None].expand_as(fits), torch.inf)
    value, index = cost.min(1)
    return torch.where(value.isfinite(), index, chosen)


def generalised_overlap(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (Rezatofighi et al., 2019) of pairs of boxes [k, 4]."""
    size = (torch.minimum(first[:, 2:], second[:, 2:]) - torch.maximum(first[:, :2], second[:, :2])).clamp_min(0)
    hull = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    common, around = size.prod(1), hull.prod(1).clamp_min(1e-6)
    union = (first[:, 2:] - first[:, :2]).prod(1) + (second[:, 2:] - second[:, :2]).prod(1) - common
    overlap = common / union.clamp_min(1e-6)
    return overlap, overlap - (around - union) / around


def focal_loss(scores: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Sum of the focal loss (Lin et al., 2017) over logits."""
    probability = scores.sigmoid()
    cross = F.binary_cross_entropy_with_logits(scores, targets, reduction="none")
    wrong = torch.where(targets > 0, 1 - probability, probability)
    weight = torch.where(targets > 0, torch.full_like(cross, alpha), torch.full_like(cross, 1 - alpha))
    return (weight * wrong**gamma * cross).sum()


def detection_loss(raw: Tensor, truths: list[Tensor], height: int, width: int) -> dict[str, Tensor]:
    """The three losses of a batch; ``truths`` holds for each picture [k, 5] (class, box in input pixels)."""
    places, strides = cells(height, width)
    chosen = torch.stack([assign(truth.cpu(), places, strides) for truth in truths]).to(raw.device)
    places, strides = places.to(raw.device), strides.to(raw.device)
    positive = chosen >= 0
    count = positive.sum().clamp_min(1)
    targets = torch.zeros(*chosen.shape, len(CLASSES), device=raw.device)
    wanted = []
    for picture, truth in enumerate(truths):
        mine = positive[picture]
        matched = truth.to(raw.device)[chosen[picture][mine]]
        targets[picture, mine, matched[:, 0].long()] = 1
        wanted.append(matched[:, 1:])
    losses = {"class": focal_loss(raw[..., 5:], targets) / count}
    found = boxes(raw, places, strides)[positive]
    if len(found) == 0:
        nothing = raw.sum() * 0
        return {**losses, "box": nothing, "quality": nothing}
    overlap, generalised = generalised_overlap(found, torch.cat(wanted))
    losses["box"] = 2 * (1 - generalised).mean()
    losses["quality"] = F.binary_cross_entropy_with_logits(raw[..., 4][positive], overlap.detach().clamp(0, 1))
    return losses
