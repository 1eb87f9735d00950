"""The training loop; checkpoints, average and schedule are those of the re-ID networks."""

import json
import math
import signal
import threading
from pathlib import Path

import numpy as np
import torch
from throughline_reid.averaging import WeightAverage
from throughline_reid.checkpoint import load_checkpoint, save_checkpoint
from throughline_reid.configuration import expanded
from throughline_reid.errors import TrainingError
from throughline_reid.schedule import Progress, learning_rate_factor
from torch import nn

from .configuration import Configuration, parse_configuration
from .dataset import list_pictures, training_sample
from .losses import detection_loss
from .networks import NanoDetector


def load_trunk(network: NanoDetector, weights: Path) -> None:
    """The first blocks of an ImageNet MobileNetV2; tensors only, no code is unpickled."""
    if not weights.is_file():
        raise TrainingError(
            f"{weights}: trunk weights not found; run `fetch-trunk` of training/reid or set trunk: none"
        )
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        wanted = network.trunk.state_dict().keys()
        network.trunk.load_state_dict({key: state[key] for key in wanted})
    except Exception as error:
        raise TrainingError(f"{weights}: not the weights of a MobileNetV2 trunk ({str(error)[:120]})") from error


class Trainer:
    """One run in one folder; construct and call ``run``. A run that was interrupted goes on where it stopped."""

    def __init__(self, configuration: Configuration, directory: Path, report=print):
        self.configuration, self.directory, self.report = configuration, Path(directory), report
        torch.set_num_threads(configuration.threads)
        torch.manual_seed(configuration.seed)
        self.generator = np.random.default_rng(configuration.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.pictures = [p for folder in configuration.folders for p in list_pictures(expanded(folder))]
        if not any(len(p.boxes) for p in self.pictures):
            raise TrainingError("folders: no picture has a box; run `label` or check labels/")
        network = NanoDetector(configuration.width)
        if configuration.trunk != "none":
            load_trunk(network, expanded(configuration.trunk))
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), configuration.learning_rate, weight_decay=configuration.weight_decay
        )
        self.average = WeightAverage(self.network, configuration.average_decay)
        self.steps_per_epoch = math.ceil(len(self.pictures) / configuration.batch)
        self.progress = Progress(math.ceil(configuration.epochs * self.steps_per_epoch), configuration.minutes * 60)
        self.queue: list[int] = []
        self._restore()
        boxes = np.bincount(np.concatenate([p.boxes[:, 0] for p in self.pictures]).astype(int), minlength=2)
        report(f"{configuration.name}: {len(self.pictures)} pictures, {boxes[0]} persons, {boxes[1]} faces")

    def _restore(self) -> None:
        state = load_checkpoint(self.directory)
        if state is None:
            return
        try:
            self.network.load_state_dict(state["network"])
            self.average.network.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingError(
                f"{self.directory}: its checkpoint is of another network ({str(error).splitlines()[0][:120]}); "
                "give another --run folder"
            ) from error
        self.average.updates = state["updates"]
        self.progress.restore(state["progress"])
        # Not the old numbers again: after an interruption every picture may come once more, changed otherwise.
        self.generator = np.random.default_rng([self.configuration.seed, self.progress.step])
        self.report(f"continuing at step {self.progress.step} ({self.progress.fraction:.0%})")

    def save(self) -> None:
        save_checkpoint(
            self.directory,
            {
                "configuration": self.configuration.as_dictionary(),
                "network": self.network.state_dict(),
                "average": self.average.network.state_dict(),
                "updates": self.average.updates,
                "optimiser": self.optimiser.state_dict(),
                "progress": self.progress.state(),
            },
        )

    def step(self) -> dict[str, float]:
        """One batch of one of the sizes; returns the losses."""
        configuration = self.configuration
        height, width = configuration.sizes[self.generator.integers(len(configuration.sizes))]
        samples = []
        while len(samples) < configuration.batch:
            if not self.queue:
                self.queue = self.generator.permutation(len(self.pictures)).tolist()
            sample = self.pictures[self.queue.pop()]
            try:
                samples.append(training_sample(sample, height, width, self.generator))
            except TrainingError:
                # A picture that cannot be decoded ends the run, and costs nothing of what was learned.
                self.save()
                raise
        batch = torch.from_numpy(np.stack([s[0] for s in samples]).transpose(0, 3, 1, 2)).to(self.device)
        truths = [torch.from_numpy(s[1]) for s in samples]
        factor = learning_rate_factor(self.progress.fraction, self.progress.step, configuration.warm_up_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = configuration.learning_rate * factor
        self.network.train()
        raw = self.network.raw(batch.contiguous(memory_format=torch.channels_last)).float()
        losses = detection_loss(raw, truths, height, width)
        total = sum(losses.values())
        if not torch.isfinite(total):
            raise TrainingError(f"step {self.progress.step}: the loss is not a number; lower learning_rate")
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        self.average.update(self.network)
        self.progress.step += 1
        return {name: loss.item() for name, loss in losses.items()}

    def run(self) -> NanoDetector:
        """Trains to the end of the schedule and returns the averaged network."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        sums: dict[str, float] = {}
        count, saved = 0, self.progress.seconds
        try:
            while not self.progress.finished:
                for name, value in self.step().items():
                    sums[name] = sums.get(name, 0) + value
                count += 1
                if count == 20:
                    self._log({name: round(value / count, 4) for name, value in sums.items()})
                    sums, count = {}, 0
                if self.progress.seconds - saved >= self.configuration.checkpoint_seconds:
                    self.save()
                    saved = self.progress.seconds
        except KeyboardInterrupt:
            self.save()
            raise TrainingError(f"interrupted; the same command goes on at step {self.progress.step}") from None
        self.save()
        return self.average.network

    def _log(self, losses: dict[str, float]) -> None:
        entry = {"step": self.progress.step, "epoch": round(self.progress.step / self.steps_per_epoch, 2)}
        entry |= {"progress": round(self.progress.fraction, 4), **losses}
        self.report(" ".join(f"{k} {v}" for k, v in entry.items()))
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "log.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")


def load_run(directory: Path) -> tuple[NanoDetector, Configuration]:
    """The averaged network of a run, and its configuration."""
    state = load_checkpoint(directory)
    if state is None:
        raise TrainingError(f"{directory}: no checkpoint in it; train first, or name the run's folder")
    configuration = parse_configuration(state["configuration"])
    network = NanoDetector(configuration.width)
    network.load_state_dict(state["average"])
    return network.eval(), configuration
