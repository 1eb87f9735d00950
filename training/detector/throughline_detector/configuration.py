"""The configuration file of a detector's training run."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import yaml
from throughline_reid.errors import TrainingError


@dataclass(frozen=True)
class Configuration:
    """One run; `~` in paths is the home folder."""

    name: str = "throughline-detector-n"
    folders: list[str] = field(default_factory=list)
    trunk: str = "none"
    width: int = 64
    # Both sizes are trained, batch by batch, so that one network serves both.
    sizes: list[list[int]] = field(default_factory=lambda: [[384, 640], [256, 416]])
    batch: int = 8
    minutes: float = 0
    epochs: float = 0
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    warm_up_steps: int = 100
    average_decay: float = 0.998
    checkpoint_seconds: float = 180
    threads: int = 1
    seed: int = 0

    def as_dictionary(self) -> dict:
        return asdict(self)


def parse_configuration(values: object) -> Configuration:
    """A configuration from the values of a YAML file, checked."""
    if not isinstance(values, dict):
        raise TrainingError("the configuration must be a table of settings")
    known = {f.name: f.type for f in fields(Configuration)}
    for key, value in values.items():
        if key not in known:
            raise TrainingError(f"{key}: unknown setting; known are {', '.join(known)}")
        wanted = {int: (int,), float: (int, float), str: (str,)}.get(known[key], (list,))
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise TrainingError(f"{key}: expected {getattr(known[key], '__name__', 'list')}, found {value!r}")
        if wanted != (str,) and wanted != (list,) and value < 0:
            raise TrainingError(f"{key}: must not be negative, found {value!r}")
    configuration = Configuration(**values)
    if (configuration.epochs > 0) == (configuration.minutes > 0):
        raise TrainingError("give either `epochs` or `minutes`")
    if not configuration.folders:
        raise TrainingError("folders: name at least one folder with images/ and labels/")
    if configuration.batch < 1 or not configuration.sizes:
        raise TrainingError("batch must be at least 1, and sizes must name at least one [height, width]")
    for size in configuration.sizes:
        if len(size) != 2 or any(not isinstance(v, int) or v < 64 or v % 32 for v in size):
            raise TrainingError(f"sizes: {size} must be [height, width] in multiples of 32, at least 64")
    return configuration


def load_configuration(path: Path, overrides: list[str] = ()) -> Configuration:
    """Reads a YAML file; ``overrides`` such as ``minutes=5`` replace single settings."""
    try:
        values = yaml.safe_load(Path(path).read_text())
    except (OSError, yaml.YAMLError) as error:
        raise TrainingError(f"{path}: cannot be read as YAML ({str(error).splitlines()[0]})") from error
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not isinstance(values, dict):
            raise TrainingError(f"{override}: expected KEY=VALUE")
        values[key] = yaml.safe_load(text)
    return parse_configuration(values)
