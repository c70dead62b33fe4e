"""Making evidence bundles out of a log."""
