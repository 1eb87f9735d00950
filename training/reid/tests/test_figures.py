import numpy as np
import pytest
import torch

from throughline_reid.errors import TrainingError
from throughline_reid.losses import PrototypeClassifier, batch_hard_triplet, direction_loss, relation_loss
from throughline_reid.protocol import rank
from throughline_reid.schedule import Progress, learning_rate_factor


def _on_circle(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def test_ranking_by_hand():
    # Seen from the query at 0 degrees: junk, own camera, a distractor, the first match, a stranger, the second match.
    gallery = _on_circle(1, 2, 10, 20, 30, 40)
    identities = np.array([-1, 5, 0, 5, 8, 5])
    cameras = np.array([2, 1, 2, 2, 2, 3])
    figures = rank(_on_circle(0), np.array([5]), np.array([1]), gallery, identities, cameras)
    assert figures.rank1 == 0 and figures.rank5 == 100
    assert figures.mean_average_precision == pytest.approx(100 * (1 / 2 + 2 / 4) / 2)


def test_queries_without_a_match_do_not_count():
    gallery, identities, cameras = _on_circle(0, 90), np.array([1, 2]), np.array([2, 1])
    figures = rank(_on_circle(5, 80), np.array([1, 2]), np.array([1, 1]), gallery, identities, cameras)
    assert figures.queries == 1 and figures.rank1 == 100
    with pytest.raises(TrainingError, match="one camera only"):
        rank(_on_circle(80), np.array([2]), np.array([1]), gallery, identities, cameras)


def test_triplet_takes_the_hardest():
    vectors = torch.tensor(_on_circle(0, 30, 50, 170), dtype=torch.float32)
    labels = torch.tensor([0, 0, 1, 1])
    chord = lambda degrees: 20 * np.sin(np.radians(degrees / 2))
    differences = [chord(30) - chord(50), chord(30) - chord(20), chord(120) - chord(20), chord(120) - chord(140)]
    expected = np.mean([np.log1p(np.exp(d)) for d in differences])
    assert batch_hard_triplet(vectors, labels).item() == pytest.approx(expected, abs=1e-3)


def test_distillation_is_zero_at_the_teacher_and_ignores_length():
    teacher = torch.nn.functional.normalize(torch.randn(8, 16, generator=torch.Generator().manual_seed(1)))
    assert direction_loss(3 * teacher, teacher).item() == pytest.approx(0, abs=1e-6)
    assert relation_loss(3 * teacher, teacher).item() == pytest.approx(0, abs=1e-6)
    assert direction_loss(-teacher, teacher).item() == pytest.approx(2, abs=1e-6)


def test_classifier_is_a_cosine():
    classifier = PrototypeClassifier(2, 2, scale=10)
    with torch.no_grad():
        classifier.weight.copy_(torch.tensor([[5.0, 0], [0, 0.1]]))
    assert torch.allclose(classifier(torch.tensor([[3.0, 0]])), torch.tensor([[10.0, 0]]), atol=1e-5)


def test_progress_by_time_survives_an_interruption():
    now = 100.0
    progress = Progress(0, 60, clock=lambda: now)
    now = 130.0
    progress.step = 7
    state = progress.state()
    now = 1000.0
    other = Progress(0, 60, clock=lambda: now)
    other.restore(state)
    assert other.step == 7 and other.fraction == 0.5
    now = 1030.0
    assert other.finished


def test_learning_rate_warms_up_and_falls():
    assert learning_rate_factor(0, 0, 10) == pytest.approx(0.1)
    assert learning_rate_factor(0.5, 99, 10) == pytest.approx(0.5)
    assert learning_rate_factor(1, 99, 10) == pytest.approx(0)
