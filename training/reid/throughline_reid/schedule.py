"""How far a run is, and the learning rate that belongs there."""

import math
import time


class Progress:
    """Progress 0...1 by steps (epochs x batches), or by the seconds that the run has been at work."""

    def __init__(self, total_steps: int, total_seconds: float, clock=time.monotonic):
        self.total_steps, self.total_seconds = total_steps, total_seconds
        self.step = 0
        self._clock = clock
        self._earlier = 0.0
        self._started = clock()

    @property
    def seconds(self) -> float:
        """Seconds at work, those of interrupted runs included."""
        return self._earlier + self._clock() - self._started

    @property
    def fraction(self) -> float:
        if self.total_seconds:
            return min(1.0, self.seconds / self.total_seconds)
        return min(1.0, self.step / self.total_steps)

    @property
    def finished(self) -> bool:
        return self.fraction >= 1

    def state(self) -> dict:
        return {"step": self.step, "seconds": self.seconds}

    def restore(self, state: dict) -> None:
        self.step = state["step"]
        self._earlier = state["seconds"]
        self._started = self._clock()


def learning_rate_factor(fraction: float, step: int, warm_up_steps: int) -> float:
    """Linear warm-up over the first steps, cosine over the whole run."""
    warm = min(1.0, (step + 1) / max(1, warm_up_steps))
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))
