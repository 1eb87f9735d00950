"""Where things are kept that can be made or fetched again."""

import os
from pathlib import Path


def user_cache() -> Path:
    """The folder that the program uses as well: ``throughline`` in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "throughline"


def partial_file(final: Path) -> Path:
    """A name beside ``final`` to write to before renaming; what a killed process left under such a name is removed."""
    for other in final.parent.glob(f"{final.name}.*.partial"):
        number = other.name.split(".")[-2]
        if number.isdigit() and not _is_running(int(number)):
            other.unlink(missing_ok=True)
    return final.with_name(f"{final.name}.{os.getpid()}.partial")


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
