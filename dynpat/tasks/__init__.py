"""What users run, a file each command."""
