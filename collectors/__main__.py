"""`python -m collectors`: the operator's program."""

from collectors.cli.main import main

main()
