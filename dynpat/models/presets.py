"""The three kinds of models and their presets."""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from dynpat.models.energy import EnergyModel

__all__ = ["PATTERNS", "ActionModel", "EnergyModel", "SceneModel", "TextureModel"]

# What the three presets on Gaussians have in common.
COMMON: dict[str, Any] = {
    "input_scale": 1 / 64, "sigma": 4.8, "widest": 12.0, "bounded": True, "start": "spread",
    "shown": "picture", "top_activation": "linear",
}


# What the three default presets, on the coloured reference, have in common (see docs/quality.md):
# ρ = σ, and a last layer near zero: learning begins in equilibrium. Kernels are multiples of
# their strides.
COLOURED: dict[str, Any] = {
    "coloured": True, "colours_follow": True, "sigma": 0.1, "top_activation": "linear",
    "top_kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.001}},
}


@keras.saving.register_keras_serializable(package="dynpat")
class TextureModel(EnergyModel):
    """For patterns stationary in space and time: convolutional throughout, any size and length."""

    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        **EnergyModel.learn_presets,
        "gaussian": {
            **EnergyModel.learn_presets["gaussian"],
            "learning_rate": 4e-4, "final_learning_rate": 5e-5,
        },
        "default": {
            **EnergyModel.learn_presets["default"],
            "learning_rate": 2e-5, "final_learning_rate": 2e-6, "beta_2": 0.999, "squared": 0.1,
            "renewed": 0.05, "life": 0, "youth": 0,
        },
    }
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "filters": (120, 40, 20),
            "kernels": ((15, 15, 15), (7, 7, 7), (2, 3, 3)),
            "strides": ((7, 7, 7), (3, 3, 3), (1, 2, 2)),
            "centre": "scalar",
            "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.001}},
        },
        "gaussian": {
            "filters": (48, 48, 24),
            "kernels": ((6, 6, 6), (5, 5, 5), (3, 3, 3)),
            "strides": ((2, 2, 2), (2, 2, 2), (1, 1, 1)),
            "centre": "channel",
            "steady": 1.0,
            **COMMON,
        },
        "default": {
            "filters": (48, 48, 24),
            "kernels": ((6, 6, 6), (4, 4, 4), (3, 3, 3)),
            "strides": ((2, 2, 2), (2, 2, 2), (1, 1, 1)),
            "centre": "channel",
            **COLOURED,
        },
    }


@keras.saving.register_keras_serializable(package="dynpat")
class SceneModel(EnergyModel):
    """For patterns stationary in time only: its second layer covers all of space, any length."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "filters": (120, 30, 5),
            "kernels": ((7, 7, 7), 5, 2),
            "strides": ((2, 2, 2), 2, 1),
            "centre": "scalar",
            "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.001}},
        },
        "gaussian": {
            "filters": (48, 48, 30, 5),
            "kernels": ((6, 6, 6), (4, 5, 5), 5, 2),
            "strides": ((2, 2, 2), (2, 2, 2), 1, 1),
            "centre": "pixel",
            **COMMON,
        },
        "default": {
            "filters": (48, 48, 30, 5),
            "kernels": ((6, 6, 6), (4, 4, 4), 5, 2),
            "strides": ((2, 2, 2), (2, 2, 2), 1, 1),
            "centre": "pixel",
            **COLOURED,
        },
    }

    @classmethod
    def _preset(cls, preset: str, size: tuple[int, int]) -> dict[str, Any]:
        values = dict(cls.presets[preset])
        if preset == "paper" and min(size) >= 200:  # the authors' net for 224×224
            values |= {"kernels": ((7, 7, 7), 4, 2), "strides": ((3, 3, 3), 2, 1)}
        return values


@keras.saving.register_keras_serializable(package="dynpat")
class ActionModel(EnergyModel):
    """For patterns stationary in neither, such as actions: fully connected over space and time."""

    # On the coloured reference legs are flecks, see docs/quality.md.
    usual_preset: ClassVar[str] = "gaussian"
    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        **EnergyModel.learn_presets,
        # A chain is a whole video here, and not a window of it.
        "default": {**EnergyModel.learn_presets["default"], "batch": 2},
    }
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {
            "filters": (200, 100, 1),
            "kernels": ((7, 7, 7), (5, 5, 5), "all"),
            "strides": ((3, 3, 3), (2, 2, 2), 1),
            "centre": "scalar",
            "kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.001}},
        },
        "gaussian": {
            "filters": (48, 48, 30),
            "kernels": ((6, 6, 6), (4, 4, 4), "all"),
            "strides": ((2, 2, 2), (2, 2, 2), 1),
            "centre": "pixel",
            **COMMON,
        },
        "default": {
            "filters": (48, 48, 30),
            "kernels": ((6, 6, 6), (4, 4, 4), "all"),
            "strides": ((2, 2, 2), (2, 2, 2), 1),
            "centre": "pixel",
            **COLOURED,
        },
    }


PATTERNS: dict[str, type[EnergyModel]] = {
    "texture": TextureModel,
    "scene": SceneModel,
    "action": ActionModel,
}
