"""The models of the three kinds of patterns, and their presets."""

from __future__ import annotations

from typing import Any, ClassVar

import keras

from dynpat.models.energy import EnergyModel

__all__ = ["PATTERNS", "ActionModel", "EnergyModel", "SceneModel", "TextureModel"]

# These arguments are common to the three presets with Gaussians as reference.
COMMON: dict[str, Any] = {
    "input_scale": 1 / 64, "sigma": 4.8, "widest": 12.0, "bounded": True, "start": "spread",
    "shown": "picture", "top_activation": "linear",
}


# These arguments are common to the three default presets, which have a coloured reference (see
# docs/quality.md). σ is its ρ, and the last layer is near zero, so that learning begins in
# equilibrium. Kernels are multiples of their strides.
COLOURED: dict[str, Any] = {
    "coloured": True, "colours_follow": True, "sigma": 0.1, "top_activation": "linear",
    "top_kernel_initializer": {"class_name": "RandomNormal", "config": {"stddev": 0.001}},
}

# So many frames and pixels are seen by a value of a texture's top layer, a scene's last but one.
LONGEST = 20.0
# Textures and scenes learn alike on the coloured reference: slowly, from chains that live on.
LASTING: dict[str, Any] = {
    "learning_rate": 2e-4, "final_learning_rate": 2e-5, "renewed": 0.05, "life": 0, "youth": 0,
    "half_after": 300,
}


@keras.saving.register_keras_serializable(package="dynpat")
class TextureModel(EnergyModel):
    """The model of textures, which are stationary in space and time, such as water or smoke.

    All layers are convolutions, so that the model makes videos of any size and length. The
    parameters are those of `EnergyModel`.

    Examples
    --------
    >>> import tensorflow as tf
    >>> model = TextureModel.from_preset("default", frames=24, size=(32, 32))
    >>> model.f(tf.zeros((2, 24, 32, 32, 3))).shape
    TensorShape([2])
    """

    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        **EnergyModel.learn_presets,
        "gaussian": {
            **EnergyModel.learn_presets["gaussian"],
            "learning_rate": 4e-4, "final_learning_rate": 5e-5,
        },
        "default": {**EnergyModel.learn_presets["default"], **LASTING},
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
            "longest_wave": LONGEST,
            **COLOURED,
        },
    }


@keras.saving.register_keras_serializable(package="dynpat")
class SceneModel(EnergyModel):
    """The model of scenes, which are stationary in time only, such as a fire in a bowl.

    A layer covers all of space, so that the model makes videos of its own size and of any length.
    By default it is the top layer, whose weights say how much each place counts for what the layers
    of a texture find there. The parameters are those of `EnergyModel`.
    """

    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        **EnergyModel.learn_presets,
        "default": {**EnergyModel.learn_presets["default"], **LASTING},
    }
    # The default network up to version 6 of plans: its second layer from the top joined all places.
    unplaced: ClassVar[dict[str, Any]] = {
        "filters": (48, 48, 30, 5),
        "kernels": ((6, 6, 6), (4, 4, 4), 5, 2),
        "strides": ((2, 2, 2), (2, 2, 2), 1, 1),
    }
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
            "filters": (48, 48, 24, 1),
            "kernels": ((6, 6, 6), (4, 4, 4), (3, 3, 3), 1),
            "strides": ((2, 2, 2), (2, 2, 2), (1, 1, 1), 1),
            "centre": "pixel",
            "longest_wave": LONGEST,
            **COLOURED,
        },
    }

    @classmethod
    def _preset(cls, preset: str, size: tuple[int, int]) -> dict[str, Any]:
        values = dict(cls.presets[preset])
        if preset == "paper" and min(size) >= 200:  # their network for 224×224 pixels
            values |= {"kernels": ((7, 7, 7), 4, 2), "strides": ((3, 3, 3), 2, 1)}
        return values


@keras.saving.register_keras_serializable(package="dynpat")
class ActionModel(EnergyModel):
    """The model of patterns that are stationary neither in time nor in space, such as actions.

    The last layer is fully connected over space and time, so that the model makes videos of its own
    size and length. The parameters are those of `EnergyModel`.
    """

    # On the coloured reference, legs come out as flecks (see docs/quality.md).
    usual_preset: ClassVar[str] = "gaussian"
    learn_presets: ClassVar[dict[str, dict[str, Any]]] = {
        **EnergyModel.learn_presets,
        # A chain of this model is a whole video, not a window of one; so an update moves few.
        "gaussian": {**EnergyModel.learn_presets["gaussian"], "batch": 2, "chains": 0},
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
