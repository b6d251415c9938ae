"""The energy models of the three kinds of patterns, and sampling from them."""

from dynpat.models.presets import (
    PATTERNS,
    ActionModel,
    EnergyModel,
    SceneModel,
    TextureModel,
)

__all__ = ["PATTERNS", "ActionModel", "EnergyModel", "SceneModel", "TextureModel"]
