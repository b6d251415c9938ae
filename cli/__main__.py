"""`python -m dynpat_cli`, where the script `dynpat` is not on the path."""

from dynpat_cli.main import main

main(prog_name="dynpat")
