"""The state of a run on disk: written whole or not at all, so that an interruption loses minutes at most."""

import os
from pathlib import Path

import torch

from .errors import TrainingError
from .places import partial_file

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(directory: Path, state: dict) -> None:
    """Writes beside the checkpoint, flushes, and renames over it."""
    directory.mkdir(parents=True, exist_ok=True)
    partial = partial_file(directory / CHECKPOINT)
    with open(partial, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(directory / CHECKPOINT)


def load_checkpoint(directory: Path) -> dict | None:
    """The state of an earlier run, or None where there is none."""
    file = Path(directory) / CHECKPOINT
    if not file.is_file():
        return None
    try:
        # Tensors and plain values only: a checkpoint from elsewhere cannot run code.
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0][:120]
        raise TrainingError(f"{file}: checkpoint cannot be read ({reason}); move it away to start anew") from error
