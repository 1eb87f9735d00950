"""The losses: label-smoothed cross-entropy on class prototypes, batch-hard triplet, distillation from a teacher."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PrototypeClassifier(nn.Module):
    """Cosine softmax over one prototype an identity; a margin-free NormFace (Wang et al., 2017).

    With a teacher the prototypes start at the teacher's mean embedding of each identity, so that labels
    and distillation pull into the same direction from the first step.
    """

    def __init__(self, identities: int, dimension: int, scale: float = 20.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(identities, dimension) * 0.05)
        self.scale = scale

    def forward(self, embeddings: Tensor) -> Tensor:
        return self.scale * F.normalize(embeddings) @ F.normalize(self.weight).T


def batch_hard_triplet(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Soft-margin batch-hard triplet loss (Hermans et al., 2017) on L2-normalised embeddings, scaled by 10."""
    unit = F.normalize(embeddings)
    distance = 10 * torch.sqrt((2 - 2 * unit @ unit.T).clamp_min(1e-6))
    same = labels[:, None] == labels[None, :]
    hardest_positive = distance.masked_fill(~same, -1e6).amax(1)
    hardest_negative = distance.masked_fill(same, 1e6).amin(1)
    return F.softplus(hardest_positive - hardest_negative).mean()


def direction_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """One minus the cosine between the student's and the teacher's embedding of the same crop."""
    return (1 - (F.normalize(student) * teacher).sum(1)).mean()


def relation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Squared difference of the two cosine matrices of the batch (relational distillation, Park et al., 2019)."""
    unit = F.normalize(student)
    return F.mse_loss(unit @ unit.T, teacher @ teacher.T)
