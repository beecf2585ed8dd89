"""``python -m bindery``: the command."""

from bindery.cli.main import main

main(prog_name="bindery")
