"""Simulated devices on loopback, for the demo plant, tests and benchmarks: doubles, and named so."""
