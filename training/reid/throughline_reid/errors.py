"""The one error that is shown to a user as a single line, without a traceback."""


class TrainingError(Exception):
    """A fault in the data, the configuration or the surroundings; the text names the thing and the mend."""
