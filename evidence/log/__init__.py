"""Signed statements, the Merkle log over them, and its checkpoints."""
