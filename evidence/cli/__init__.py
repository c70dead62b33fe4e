"""The auditor's commands."""
