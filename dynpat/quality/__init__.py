"""Figures of videos, beside their floor, baselines and the truth."""
