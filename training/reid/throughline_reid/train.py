"""The training loop."""

import json
import math
import signal
import threading
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .augmentation import augment
from .averaging import WeightAverage
from .checkpoint import load_checkpoint, save_checkpoint
from .configuration import Configuration, expanded
from .dataset import UNLABELLED, PKSampler, load_training_set
from .errors import TrainingError
from .losses import PrototypeClassifier, batch_hard_triplet, direction_loss, relation_loss
from .networks import TRUNKS, EmbeddingNetwork, MobileTrunk, merged, multiply_accumulates
from .schedule import Progress, learning_rate_factor
from .teacher import load_targets


def build_network(configuration: Configuration, load_trunk: bool = True) -> EmbeddingNetwork:
    """The network as the configuration describes it, with the trunk's start weights when asked for."""
    settings = configuration.network
    if settings.kind not in TRUNKS:
        raise TrainingError(f"network.kind: {settings.kind!r} is unknown; known are {', '.join(TRUNKS)}")
    trunk = TRUNKS[settings.kind]()
    if isinstance(trunk, MobileTrunk):
        if load_trunk and settings.trunk != "none":
            trunk.load_imagenet(expanded(settings.trunk))
        if settings.fold_batch_norm:
            trunk.fold_batch_norm()
        if settings.freeze:
            trunk.freeze(settings.freeze)
    elif settings.trunk != "none" or settings.fold_batch_norm or settings.freeze:
        raise TrainingError(f"network: trunk, fold_batch_norm and freeze are for mobilenet-v2, not for {settings.kind}")
    return EmbeddingNetwork(trunk, settings.dimension)


def class_means(targets: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The teacher's mean embedding of each class, and which classes have one."""
    known = np.isfinite(targets[:, 0]) & (labels != UNLABELLED)
    means = np.zeros((classes, targets.shape[1]), np.float32)
    np.add.at(means, labels[known], targets[known])
    present = np.zeros(classes, bool)
    present[labels[known]] = True
    return means, present


class Trainer:
    """One run in one folder; construct and call ``run``. A run that was interrupted goes on where it stopped."""

    def __init__(self, configuration: Configuration, directory: Path, cache: Path, report=print):
        self.configuration, self.directory, self.cache, self.report = configuration, directory, cache, report
        torch.set_num_threads(configuration.threads)
        torch.manual_seed(configuration.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        stored = configuration.stored
        self.data = load_training_set(
            [expanded(f) for f in configuration.folders], stored.height, stored.width, cache / "arrays"
        )
        self.targets, share = self._load_targets()
        network = build_network(configuration)
        # Channels last is faster, but on a CPU PyTorch 2.15.0 then writes beyond its memory in RepVGG's backward pass.
        is_safe = self.device.type == "cuda" or isinstance(network.trunk, MobileTrunk)
        self.layout = torch.channels_last if is_safe else torch.contiguous_format
        self.network = network.to(self.device, memory_format=self.layout)
        self.classifier = PrototypeClassifier(
            len(self.data.identities), configuration.network.dimension, configuration.loss.scale
        ).to(self.device)
        # BNNeck (Luo et al., 2019): the triplet loss sees the embedding, the classifier its normalised copy. With a
        # teacher both shall live in the teacher's space, and the neck is left out.
        self.neck = (
            nn.BatchNorm1d(configuration.network.dimension).to(self.device) if self.targets is None else nn.Identity()
        )
        if self.targets is not None:
            if self.targets.shape[1] != configuration.network.dimension:
                raise TrainingError(
                    f"network.dimension: {configuration.network.dimension}, but the teacher gives "
                    f"{self.targets.shape[1]}; distillation needs the same"
                )
            means, present = class_means(self.targets, self.data.labels, len(self.data.identities))
            with torch.no_grad():
                chosen = torch.from_numpy(present)
                self.classifier.weight[chosen] = F.normalize(torch.from_numpy(means[present])).to(self.device)
        else:
            self.neck.bias.requires_grad_(False)
        if configuration.network.start != "none":
            self._start_from(expanded(configuration.network.start))
        settings = configuration.schedule
        trunk = [p for p in self.network.trunk.parameters() if p.requires_grad]
        head = [*self.network.project.parameters(), *self.classifier.parameters()]
        head += [p for p in self.neck.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [{"params": trunk, "base": settings.learning_rate}, {"params": head, "base": settings.head_learning_rate}],
            weight_decay=settings.weight_decay,
        )
        batch = configuration.batch
        self.sampler = PKSampler(self.data.labels, batch.identities, batch.crops, batch.unlabelled, configuration.seed)
        self.steps_per_epoch = math.ceil((self.data.labels != UNLABELLED).sum() / (batch.identities * batch.crops))
        self.progress = Progress(math.ceil(settings.epochs * self.steps_per_epoch), settings.minutes * 60)
        self.average = WeightAverage(self.network, settings.average_decay)
        # Mixed precision only where it is fast: bfloat16 needs no loss scaling.
        self.mixed = self.device.type == "cuda"
        self._restore()
        # What an inference costs: branches that exist while training only do not count.
        work = multiply_accumulates(merged(self.network), configuration.input.height, configuration.input.width)
        covered = f", teacher on {share:.0%} of them" if self.targets is not None else ""
        report(
            f"{configuration.name}: {len(self.data)} crops of {len(self.data.identities)} identities{covered}; "
            f"{work / 1e6:.0f} MMAC at {configuration.input.height}x{configuration.input.width}; {self.device}"
        )

    def _load_targets(self) -> tuple[np.ndarray | None, float]:
        if self.configuration.teacher == "none":
            return None, 0
        return load_targets(expanded(self.configuration.teacher), self.data, self.cache / "teacher")

    def _start_from(self, run: Path) -> None:
        """Takes the averaged weights of another run, and its prototypes where it knew the same identities."""
        state = load_checkpoint(run)
        if state is None:
            raise TrainingError(f"network.start: {run} holds no checkpoint; train it first or name another run")
        try:
            self.network.load_state_dict(state["average"])
        except RuntimeError as error:
            raise TrainingError(
                f"network.start: {run} is of another network ({str(error).splitlines()[0][:120]})"
            ) from error
        if state["identities"] == self.data.identities:
            self.classifier.load_state_dict(state["classifier"])

    def _restore(self) -> None:
        state = load_checkpoint(self.directory)
        if state is None:
            return
        if state["identities"] != self.data.identities:
            raise TrainingError(
                f"{self.directory}: its checkpoint knows {len(state['identities'])} identities, the data holds "
                f"{len(self.data.identities)} or others; give another --run folder or the same data"
            )
        try:
            self.network.load_state_dict(state["network"])
            self.average.network.load_state_dict(state["average"])
            self.classifier.load_state_dict(state["classifier"])
            self.neck.load_state_dict(state["neck"])
            self.optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError) as error:
            raise TrainingError(
                f"{self.directory}: its checkpoint is of another network ({str(error).splitlines()[0][:120]}); "
                "give another --run folder"
            ) from error
        self.average.updates = state["updates"]
        self.sampler.restore(state["sampler"])
        self.progress.restore(state["progress"])
        torch.set_rng_state(state["generator"])
        self.report(f"continuing at step {self.progress.step} ({self.progress.fraction:.0%})")

    def save(self) -> None:
        save_checkpoint(
            self.directory,
            {
                "configuration": self.configuration.as_dictionary(),
                "identities": self.data.identities,
                "network": self.network.state_dict(),
                "average": self.average.network.state_dict(),
                "updates": self.average.updates,
                "classifier": self.classifier.state_dict(),
                "neck": self.neck.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "sampler": self.sampler.state(),
                "progress": self.progress.state(),
                "generator": torch.get_rng_state(),
            },
        )

    def input_size(self) -> tuple[int, int]:
        """Height and width of the crops at this point of the run."""
        settings, size = self.configuration.schedule, self.configuration.input
        is_early = self.progress.fraction < settings.early_share
        if is_early or (settings.mixed_share and torch.rand(()).item() < settings.mixed_share):
            return settings.early_height, settings.early_width
        return size.height, size.width

    def step(self) -> dict[str, float]:
        """One batch; returns the losses."""
        configuration = self.configuration
        indices = self.sampler.next()
        crops = torch.from_numpy(self.data.gather(indices)).to(self.device)
        batch = augment(crops, *self.input_size(), configuration.augmentation)
        batch = batch.contiguous(memory_format=self.layout)
        labels = torch.from_numpy(self.data.labels[indices]).to(self.device)
        labelled = labels != UNLABELLED
        settings = configuration.schedule
        factor = learning_rate_factor(self.progress.fraction, self.progress.step, settings.warm_up_steps)
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * factor
        self.network.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            embeddings = self.network(batch)
        embeddings = embeddings.float()
        weights, losses = configuration.loss, {}
        if weights.identity:
            scores = self.classifier(self.neck(embeddings[labelled]))
            losses["identity"] = weights.identity * F.cross_entropy(
                scores, labels[labelled], label_smoothing=weights.label_smoothing
            )
        if weights.triplet:
            losses["triplet"] = weights.triplet * batch_hard_triplet(embeddings[labelled], labels[labelled])
        if self.targets is not None:
            targets = torch.from_numpy(self.targets[indices]).to(self.device)
            taught = torch.isfinite(targets[:, 0])
            if taught.any():
                losses["direction"] = weights.direction * direction_loss(embeddings[taught], targets[taught])
                losses["relation"] = weights.relation * relation_loss(embeddings[taught], targets[taught])
        total = sum(losses.values())
        if not torch.isfinite(total):
            raise TrainingError(
                f"step {self.progress.step}: the loss is not a number; lower schedule.learning_rate. "
                f"The checkpoint in {self.directory} is of before"
            )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_([p for g in self.optimiser.param_groups for p in g["params"]], 5.0)
        self.optimiser.step()
        self.average.update(self.network)
        self.progress.step += 1
        return {name: loss.item() for name, loss in losses.items()}

    def run(self) -> EmbeddingNetwork:
        """Trains to the end of the schedule and returns the averaged network."""
        if threading.current_thread() is threading.main_thread():
            # A machine that shuts down or a batch system that ends a job sends TERM: treat it like Ctrl-C.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        sums: dict[str, float] = {}
        count, begin, saved = 0, self.progress.seconds, self.progress.seconds
        try:
            while not self.progress.finished:
                for name, value in self.step().items():
                    sums[name] = sums.get(name, 0) + value
                count += 1
                now = self.progress.seconds
                if count == 50:
                    self._log(sums, count, now - begin)
                    sums, count, begin = {}, 0, now
                if now - saved >= self.configuration.schedule.checkpoint_seconds:
                    self.save()
                    saved = now
                    if self.targets is not None and np.isnan(self.targets[:, 0]).any():
                        self.targets, _ = self._load_targets()
        except KeyboardInterrupt:
            self.save()
            raise TrainingError(f"interrupted; the same command goes on at step {self.progress.step}") from None
        self.save()
        return self.average.network

    def _log(self, sums: dict[str, float], count: int, seconds: float) -> None:
        batch = self.configuration.batch
        entry = {
            "step": self.progress.step,
            "epoch": round(self.progress.step / self.steps_per_epoch, 2),
            "progress": round(self.progress.fraction, 4),
            "crops_per_second": round(count * (batch.identities * batch.crops + batch.unlabelled) / seconds, 1),
            **{name: round(value / count, 4) for name, value in sums.items()},
        }
        self.report(" ".join(f"{k} {v}" for k, v in entry.items()))
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "log.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")
