"""Recover the missing pixels of a video: first guesses, and the posterior of a model."""
