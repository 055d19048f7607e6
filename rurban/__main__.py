"""`python -m rurban`."""

from rurban.cli import main

main()
