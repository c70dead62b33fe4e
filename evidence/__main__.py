"""`python -m evidence`: the auditor's program."""

from evidence.cli.main import main

main()
