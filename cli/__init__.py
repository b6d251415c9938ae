"""The command line of dynpat; installed as `dynpat_cli`."""
