"""Masks say which pixels of a video are missing; they are read from files, drawn, or found."""

from __future__ import annotations

from dynpat.masks.detecting import Found, detect_damage
from dynpat.masks.drawing import box_mask, describe, draw_mask, mask_preview
from dynpat.masks.reading import grow_mask, read_mask, shrink_mask

__all__ = [
    "Found", "box_mask", "describe", "detect_damage", "draw_mask", "grow_mask", "mask_preview",
    "read_mask", "shrink_mask",
]
