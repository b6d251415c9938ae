"""Plans, and the run folder: everything of one run, whole at every moment."""
