"""One YAML a platform: how to recognise it, what may be asked, what answers mean, what is secret or volatile."""
