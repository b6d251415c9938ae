"""Plans, and the run folder, which has everything of one run and is whole at every moment."""
