"""The configuration file of a training run, checked while it is read."""

import os
import typing
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path

import yaml

from .augmentation import AugmentationSettings
from .errors import TrainingError


@dataclass(frozen=True)
class NetworkSettings:
    """Which trunk, its start weights and what is fixed in it."""

    kind: str = "mobilenet-v2"
    trunk: str = "none"  # file of ImageNet weights, or "none" to start from scratch
    dimension: int = 256
    fold_batch_norm: bool = False  # for CPU training: merge the trunk's BatchNorm before the first step
    freeze: int = 0  # first blocks of the trunk that stay as they are
    start: str = "none"  # folder of a finished run whose averaged network this one starts from


@dataclass(frozen=True)
class BatchSettings:
    """A batch: P identities x K crops, and crops without identity."""

    identities: int = 16
    crops: int = 4
    unlabelled: int = 0


@dataclass(frozen=True)
class InputSettings:
    """Input size of the network, in pixels; and the size at which crops are kept in memory."""

    height: int = 256
    width: int = 128


@dataclass(frozen=True)
class LossSettings:
    """Weights of the losses; 0 switches one off."""

    identity: float = 1.0
    label_smoothing: float = 0.1
    scale: float = 20.0
    triplet: float = 1.0
    direction: float = 0.0
    relation: float = 0.0


@dataclass(frozen=True)
class ScheduleSettings:
    """AdamW, linear warm-up, cosine to nothing. The length is given in epochs, or in minutes on a busy machine."""

    epochs: float = 0
    minutes: float = 0
    learning_rate: float = 3e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    warm_up_steps: int = 200
    average_decay: float = 0.999
    # The first share of the run may see smaller crops: cheaper steps where only coarse things are learned.
    early_share: float = 0
    early_height: int = 0
    early_width: int = 0
    # This share of the later batches still has the early size, so that one network serves both sizes.
    mixed_share: float = 0
    checkpoint_seconds: float = 180


@dataclass(frozen=True)
class Configuration:
    """One run. Paths are relative to the working folder unless absolute; ``~`` and variables are expanded."""

    name: str = "throughline-reid-s"
    folders: list[str] = field(default_factory=list)
    teacher: str = "none"
    evaluation: dict[str, str] = field(default_factory=dict)  # name: folder (Market-1501's layout) or CUHK01's folder
    seed: int = 0
    threads: int = 1
    network: NetworkSettings = NetworkSettings()
    input: InputSettings = InputSettings()
    stored: InputSettings = InputSettings(128, 64)
    batch: BatchSettings = BatchSettings()
    loss: LossSettings = LossSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    augmentation: AugmentationSettings = AugmentationSettings()

    def as_dictionary(self) -> dict:
        return asdict(self)


def expanded(path: str) -> Path:
    """A path with ``~`` and environment variables replaced; an unset variable is an error."""
    text = os.path.expanduser(os.path.expandvars(path))
    if "$" in text:
        raise TrainingError(f"{path}: names an environment variable that is not set")
    return Path(text)


def _build(kind: type, values: object, where: str):
    if not isinstance(values, dict):
        raise TrainingError(f"{where}: expected a table of settings, found {type(values).__name__}")
    known = {f.name: f for f in fields(kind)}
    hints = typing.get_type_hints(kind)
    arguments = {}
    for key, value in values.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in known:
            raise TrainingError(f"{path}: unknown setting; known are {', '.join(known)}")
        hint = hints[key]
        if is_dataclass(hint):
            arguments[key] = _build(hint, value, path)
        elif hint in (int, float, str, bool):
            numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
            fits = numeric if hint is float else type(value) is hint
            if not fits:
                raise TrainingError(f"{path}: expected {hint.__name__}, found {value!r}")
            if hint in (int, float) and value < 0:
                raise TrainingError(f"{path}: must not be negative, found {value!r}")
            arguments[key] = hint(value)
        else:
            container = typing.get_origin(hint)
            if not isinstance(value, container):
                raise TrainingError(f"{path}: expected a {container.__name__}, found {value!r}")
            arguments[key] = value
    return kind(**arguments)


def parse_configuration(values: dict) -> Configuration:
    """A configuration from the values of a YAML file."""
    configuration = _build(Configuration, values, "")
    schedule = configuration.schedule
    if (schedule.epochs > 0) == (schedule.minutes > 0):
        raise TrainingError("schedule: give either `epochs` or `minutes`")
    if configuration.batch.crops < 2 or configuration.batch.identities < 2:
        raise TrainingError("batch: needs at least 2 identities with 2 crops each, else no triplet exists")
    for name in ("input", "stored"):
        size = getattr(configuration, name)
        if size.height % 16 or size.width % 16 or not size.height or not size.width:
            raise TrainingError(f"{name}: height and width must be multiples of 16")
    if schedule.early_share and (not schedule.early_height or not schedule.early_width):
        raise TrainingError("schedule: `early_share` needs `early_height` and `early_width`")
    if not configuration.folders:
        raise TrainingError("folders: name at least one folder of crops")
    if configuration.teacher == "none" and (configuration.loss.direction or configuration.loss.relation):
        raise TrainingError("loss: `direction` and `relation` need a teacher; set them to 0 or name a teacher")
    return configuration


def overridden(values: dict, overrides: list[str]) -> dict:
    """The values of a YAML file with single settings replaced, each given as ``KEY.KEY=VALUE``."""
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator:
            raise TrainingError(f"{override}: expected KEY=VALUE")
        table = values
        *parents, last = key.split(".")
        for parent in parents:
            table = table.setdefault(parent, {})
            if not isinstance(table, dict):
                raise TrainingError(f"{override}: {parent} is not a table")
        table[last] = yaml.safe_load(text)
    return values


def load_configuration(path: Path, overrides: list[str] = ()) -> Configuration:
    """Reads a YAML file; ``overrides`` such as ``schedule.minutes=5`` replace single settings."""
    try:
        values = yaml.safe_load(Path(path).read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise TrainingError(f"{path}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(values, dict):
        raise TrainingError(f"{path}: expected a table of settings")
    return parse_configuration(overridden(values, overrides))
