"""Training of one small network that finds persons and faces in one pass."""
