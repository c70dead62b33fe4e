"""What carries a request to a device and brings back the bytes it answered."""
