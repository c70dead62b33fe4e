"""Registers: what people declare, read from the log, and the sheets they write it in."""
