"""What one step of the training does, piece by piece."""

import numpy as np
import pytest
import torch
from conftest import tiny_values

from throughline_reid.configuration import parse_configuration
from throughline_reid.dataset import load_training_set
from throughline_reid.teacher import compute_targets
from throughline_reid.train import Trainer


def _trainer(tmp_path, crops, **more):
    configuration = parse_configuration(tiny_values(crops, **more))
    return Trainer(configuration, tmp_path / "run", tmp_path / "cache", lambda *_: None)


def _seen(module, trainer):
    """What goes into a module and comes out of it in the next step, and the step's losses."""
    kept = {}
    handle = module.register_forward_hook(lambda _, inputs, output: kept.update(input=inputs[0], output=output))
    losses = trainer.step()
    handle.remove()
    return kept["input"].detach(), kept["output"].detach(), losses


def test_neck_stands_between_triplet_and_classifier(tmp_path, crops):
    trainer = _trainer(tmp_path, crops)
    assert isinstance(trainer.neck, torch.nn.BatchNorm1d) and not trainer.neck.bias.requires_grad
    _, normalised, _ = _seen(trainer.neck, trainer)
    assert torch.allclose(normalised.mean(0), torch.zeros(16), atol=1e-4)
    assert torch.allclose(normalised.var(0, unbiased=False), torch.ones(16), atol=0.05)
    given, _, _ = _seen(trainer.classifier, trainer)
    assert torch.allclose(given.mean(0), torch.zeros(16), atol=1e-3), "the classifier sees the normalised embedding"


def test_with_a_teacher_there_is_no_neck(tmp_path, crops, teacher):
    data = load_training_set([crops], 32, 16, tmp_path / "cache" / "arrays")
    compute_targets(teacher, data, tmp_path / "cache" / "teacher", report=lambda *_: None)
    more = {"teacher": str(teacher), "loss": {"direction": 5.0}, "network": {"kind": "repvgg-s", "dimension": 18}}
    assert isinstance(_trainer(tmp_path, crops, **more).neck, torch.nn.Identity)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_labels_are_smoothed(tmp_path, crops, smoothing):
    trainer = _trainer(tmp_path, crops, loss={"identity": 1.0, "label_smoothing": smoothing, "triplet": 0.0})
    state = trainer.sampler.state()
    labels = trainer.data.labels[trainer.sampler.next()]
    trainer.sampler.restore(state)
    _, scores, losses = _seen(trainer.classifier, trainer)
    logarithms = torch.log_softmax(scores, 1).numpy()
    classes = scores.shape[1]
    wanted = np.full(logarithms.shape, smoothing / classes)
    wanted[np.arange(len(labels)), labels] += 1 - smoothing
    assert losses["identity"] == pytest.approx(-(wanted * logarithms).sum(1).mean(), rel=1e-4)


def test_mixed_precision_computes_in_bfloat16_and_keeps_weights_in_float(tmp_path, crops):
    trainer = _trainer(tmp_path, crops)
    assert trainer.mixed == (trainer.device.type == "cuda")
    _, output, _ = _seen(trainer.network.project, trainer)
    assert output.dtype == (torch.bfloat16 if trainer.mixed else torch.float32)
    trainer.mixed = True
    _, output, losses = _seen(trainer.network.project, trainer)
    assert output.dtype == torch.bfloat16 and all(np.isfinite(v) for v in losses.values())
    assert all(p.dtype == torch.float32 for p in trainer.network.parameters())


def test_learning_rates_warm_up_and_fall_along_a_cosine(tmp_path, crops):
    schedule = {"epochs": 20, "warm_up_steps": 4, "learning_rate": 1e-4, "head_learning_rate": 1e-3}
    trainer = _trainer(tmp_path, crops, schedule=schedule)
    rates = []
    while not trainer.progress.finished:
        trainer.step()
        rates.append([group["lr"] for group in trainer.optimiser.param_groups])
    rates = np.array(rates)
    assert np.allclose(rates[:, 1], 10 * rates[:, 0])
    assert rates[0, 0] == pytest.approx(1e-4 / 4, rel=0.02) and rates[:, 0].argmax() == 3
    half = len(rates) // 2
    assert rates[half, 0] == pytest.approx(0.5e-4, rel=0.05) and rates[-1, 0] < 0.02 * 1e-4


def test_the_average_follows_the_network_and_is_what_is_exported(tmp_path, crops):
    from throughline_reid.export import load_run

    trainer = _trainer(tmp_path, crops)
    trainer.step()
    first = {name: value.clone() for name, value in trainer.average.network.state_dict().items()}
    trainer.step()
    decay = min(0.5, 3 / 12)
    for name, value in trainer.average.network.state_dict().items():
        if value.dtype.is_floating_point:
            expected = decay * first[name] + (1 - decay) * trainer.network.state_dict()[name]
            assert torch.allclose(value, expected, atol=1e-5)
    trainer.save()
    exported = load_run(tmp_path / "run")[0].state_dict()
    assert all(torch.equal(exported[name], value) for name, value in trainer.average.network.state_dict().items())
