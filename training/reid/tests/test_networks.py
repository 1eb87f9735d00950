import pytest
import torch

from throughline_reid.augmentation import AugmentationSettings, augment, erase, normalise
from throughline_reid.averaging import WeightAverage
from throughline_reid.errors import TrainingError
from throughline_reid.networks import TRUNKS, EmbeddingNetwork, MobileTrunk, merged, multiply_accumulates


def _lived_in(network, seed=1):
    """Random BatchNorm statistics, as after training: at their start values a wrong merge would not show."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
    return network.eval()


@pytest.mark.parametrize("kind", ["mobilenet-v2", "repvgg-s"])
def test_merging_keeps_the_function(kind):
    network = _lived_in(EmbeddingNetwork(TRUNKS[kind](), 32))
    x = torch.randn(2, 3, 64, 32)
    with torch.no_grad():
        expected, found = network(x), merged(network)(x)
    assert torch.nn.functional.cosine_similarity(expected, found).min() > 0.99999
    assert torch.allclose(expected, found, rtol=1e-2, atol=1e-3 * expected.abs().max().item())


@pytest.mark.parametrize(
    "kind, height, width, limit",
    [("mobilenet-v2", 128, 64, 0.25e9), ("repvgg-s", 256, 128, 0.25e9), ("repvgg-a0", 256, 128, 1e9)],
)
def test_cost_stays_in_its_limit(kind, height, width, limit):
    network = EmbeddingNetwork(TRUNKS[kind](), 256)
    assert 0.05e9 < multiply_accumulates(merged(network), height, width) <= limit


def test_counting_by_hand():
    trunk = torch.nn.Conv2d(3, 4, 3, padding=1, bias=False)
    trunk.channels = 4
    network = EmbeddingNetwork(trunk, 2)
    assert multiply_accumulates(network, 8, 4) == 8 * 4 * 4 * 27 + 4 * 2


def test_frozen_blocks_do_not_move():
    trunk = MobileTrunk()
    trunk.fold_batch_norm()
    trunk.freeze(3)
    network = EmbeddingNetwork(trunk, 8).train()
    network(torch.randn(2, 3, 32, 16)).sum().backward()
    gradients = (
        [p.grad is not None for p in trunk.features[:3].parameters()],
        [p.grad is not None for p in trunk.features[3:].parameters()],
    )
    assert not any(gradients[0]) and all(gradients[1])


def test_trunk_weights_that_are_none(tmp_path):
    with pytest.raises(TrainingError, match="fetch-trunk"):
        MobileTrunk().load_imagenet(tmp_path / "absent.pt")
    (tmp_path / "broken.pt").write_bytes(b"not weights")
    with pytest.raises(TrainingError, match="not the weights"):
        MobileTrunk().load_imagenet(tmp_path / "broken.pt")


def test_augmentation_that_is_switched_off_only_resizes():
    crops = torch.randint(0, 256, (3, 32, 16, 3), dtype=torch.uint8)
    off = AugmentationSettings(*[0.0] * 7)
    assert torch.allclose(augment(crops, 32, 16, off), normalise(crops.permute(0, 3, 1, 2).float()), atol=1e-3)
    flipped = augment(crops, 32, 16, AugmentationSettings(1.0, *[0.0] * 6))
    assert torch.allclose(flipped, normalise(crops.permute(0, 3, 1, 2).float()).flip(3), atol=1e-3)
    assert augment(crops, 48, 24, AugmentationSettings()).shape == (3, 3, 48, 24)


def test_erasing_covers_one_rectangle():
    torch.manual_seed(2)
    erased = erase(torch.ones(50, 3, 64, 32), 1.0)
    share = (erased[:, 0] == 0).float().mean((1, 2))
    assert (share > 0.01).all() and (share < 0.35).all()
    assert erase(torch.ones(5, 3, 8, 8), 0.0).min() == 1


def test_average_follows():
    network = torch.nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, 0.9)
    with torch.no_grad():
        network.weight.fill_(1.0)
    for _ in range(200):
        average.update(network)
    assert average.network.weight.item() == pytest.approx(1, abs=1e-3)
    assert not average.network.weight.requires_grad
