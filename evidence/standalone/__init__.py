"""The pieces of verify.py and, in `web/`, of verify.html; `evidence.export.verifier` joins them into one file each."""
