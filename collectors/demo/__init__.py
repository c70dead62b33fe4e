"""A simulated plant on loopback: what `plantproof demo` reads, beside this machine itself."""
