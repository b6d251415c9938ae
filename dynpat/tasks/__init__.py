"""The tasks that users run, with a file for each command."""
