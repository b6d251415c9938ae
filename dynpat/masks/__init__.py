"""Masks say which pixels of a video are missing; they are read from files, or drawn."""

from __future__ import annotations

from dynpat.masks.drawing import box_mask, describe, draw_mask, mask_preview
from dynpat.masks.reading import read_mask, shrink_mask

__all__ = ["box_mask", "describe", "draw_mask", "mask_preview", "read_mask", "shrink_mask"]
