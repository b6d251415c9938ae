"""What is missing from a video: first guesses, and the posterior of a model."""
