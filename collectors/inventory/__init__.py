"""Ansible inventories read into assets and the access each one grants."""
