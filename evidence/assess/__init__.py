"""From a log to findings: what is known as of a moment, judged, and signed."""
