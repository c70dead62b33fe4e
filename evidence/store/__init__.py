"""Places that keep what they are given."""
