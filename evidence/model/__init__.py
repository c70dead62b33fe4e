"""The values that travel through plantproof: frozen, complete, without behaviour of their own."""
