"""Training, evaluation and export of Throughline's person re-identification networks."""
