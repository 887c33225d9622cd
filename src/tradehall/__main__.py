"""`python -m tradehall`: the command line, wherever its script lies."""

from tradehall.cli import main

main()
