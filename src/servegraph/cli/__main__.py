"""`python -m servegraph.cli`: the command line, for child processes of this very interpreter."""

from servegraph.cli import main

main()
