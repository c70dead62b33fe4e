"""The pieces of verify.py, which needs nothing but the standard library; `evidence.export.verifier` joins them."""
