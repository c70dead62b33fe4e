"""Checks: facts and registers to findings; one module a requirement family, pure."""
