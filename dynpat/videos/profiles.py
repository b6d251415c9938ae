"""Apply the colour profiles of pictures, so that levels are those of a viewer, in sRGB."""

from __future__ import annotations

import io
from typing import Any

from PIL import ImageCms

from dynpat.videos.notes import note_once


def in_srgb(image: Any, notes: list[str]) -> Any:
    """Return an RGB image converted from its profile to sRGB, which is noted.

    Images without a profile, with the profile of sRGB, or in another mode are returned as they are.
    """
    data = image.info.get("icc_profile")
    if not data or image.mode not in ("RGB", "RGBA"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(data))
        name = ImageCms.getProfileDescription(own).strip()
        if "srgb" in name.lower():
            return image
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, own, target, outputMode=image.mode)
        assert converted is not None  # it is None only for a conversion in place
        converted.info.update(image.info)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        note_once(notes, "Its colour profile cannot be read; levels are taken as sRGB.")
        return image
    note_once(notes, f"Colours were converted from the profile '{name}' to sRGB.")
    return converted
