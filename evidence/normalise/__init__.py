"""From captured bytes and a platform's knowledge to facts: pure functions."""
