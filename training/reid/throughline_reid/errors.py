"""The one error that is shown to a user as a single line, without a traceback, and what shows it."""

import io
import sys
from collections.abc import Callable


class TrainingError(Exception):
    """A fault in the data, the configuration or the surroundings; the text names the thing and the mend."""


def run_command(command: Callable[[], None]) -> int:
    """Runs a command of a ``__main__`` and returns the exit code."""
    # Into a log file too, every line at once: whoever watches a run wants to see how far it is.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        import cv2

        cv2.setNumThreads(1)
        command()
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # A full disk, a folder that may not be written: the user's to mend, and nothing of ours is shown.
        print(f"error: {error.filename or 'file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, the same command goes on", file=sys.stderr)
        return 130
    return 0
