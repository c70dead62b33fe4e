"""Service files: what is asked over HTTP, a cloud's API or OPC UA, and what the answers mean."""
