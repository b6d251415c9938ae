"""What f is not shown: closed forms, and that f has no slope along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.fft
import tensorflow as tf

from dynpat.datasets import flames
from dynpat.errors import BadOptionError
from dynpat.models import EnergyModel, SceneModel, TextureModel, periodic
from dynpat.models.long_waves import LongWaves, long_waves

SHAPE = (12, 16, 20)
LONGEST = 8.0
STRONG = {"class_name": "RandomNormal", "config": {"stddev": 0.3}}


def video_of(seed: int = 0, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (*shape, 3)).astype(np.float32)


def without(video: np.ndarray, longest: float, repeating: tuple[int, ...] = ()) -> np.ndarray:
    waves = LongWaves(video.shape, longest, repeating)
    return np.asarray(waves.taken_out(tf.constant(video[np.newaxis])))[0]


@pytest.mark.parametrize("repeating", [False, True])
@pytest.mark.parametrize(("length", "longest"), [(12, 8.0), (20, 8.0), (7, 40.0), (30, 4.0)])
def test_waves_are_orthonormal_and_longer_than_the_limit(
    length: int, longest: float, repeating: bool
) -> None:
    found = long_waves(length, longest, repeating)
    np.testing.assert_allclose(found @ found.T, np.eye(len(found)), atol=1e-6)
    if repeating:
        turns = np.arange(1, length // 2 + 1)
        assert len(found) == 1 + 2 * np.sum(length / turns > longest)
    else:
        halves = np.arange(1, length)
        assert len(found) == 1 + np.sum(2 * length / halves > longest)


def test_what_is_left_is_what_a_cosine_transform_leaves() -> None:
    video = video_of()
    amplitudes = scipy.fft.dctn(video, axes=(0, 1, 2), norm="ortho")
    # Waves of 2·12/j frames, 2·16/j and 2·20/j pixels are longer than 8.
    amplitudes[:3, :4, :5] = 0
    wanted = scipy.fft.idctn(amplitudes, axes=(0, 1, 2), norm="ortho")
    np.testing.assert_allclose(without(video, LONGEST), wanted, atol=1e-5)


def test_of_a_repeating_video_it_is_what_a_fourier_transform_leaves() -> None:
    video = video_of()
    waves = np.fft.fftn(video, axes=(0, 1, 2))
    slow, tall, wide = (np.abs(np.fft.fftfreq(n)) < 1 / LONGEST for n in SHAPE)
    waves[np.ix_(slow, tall, wide)] = 0
    wanted = np.fft.ifftn(waves, axes=(0, 1, 2)).real
    np.testing.assert_allclose(without(video, LONGEST, (1, 2, 3)), wanted, atol=1e-5)


def test_what_is_long_on_one_axis_alone_stays_and_0_takes_nothing_out() -> None:
    flicker = np.cos(5 * np.pi * (np.arange(12) + 0.5) / 12)  # a wave of 4.8 frames
    frames = flicker[:, np.newaxis, np.newaxis, np.newaxis]
    video = np.broadcast_to(frames, (*SHAPE, 3)).astype(np.float32)
    np.testing.assert_allclose(without(video, LONGEST), video, atol=1e-5)
    noise = video_of()
    np.testing.assert_array_equal(without(noise, 0.0), noise)
    np.testing.assert_allclose(without(np.ones_like(noise), LONGEST), 0, atol=1e-5)


@pytest.mark.parametrize("repeating", [(), (1,), (2, 3)])
def test_parts_of_a_video_in_a_file_are_those_of_the_whole(repeating: tuple[int, ...]) -> None:
    video = video_of()
    waves = LongWaves(video.shape, LONGEST, repeating)
    whole = [np.arange(n) for n in video.shape[:3]]
    halves = [np.arange(5), np.arange(5, 12)]
    amplitudes = sum(waves.measured(video[own], [own, *whole[1:]]) for own in halves)
    places = [np.arange(-2, 5) % 12, np.arange(3, 9), np.arange(15, 24) % 20]
    part = waves.without(video[np.ix_(*places)], places, amplitudes)
    np.testing.assert_allclose(part, without(video, LONGEST, repeating)[np.ix_(*places)], atol=1e-5)


def model_of(kind: type[EnergyModel], longest: float) -> EnergyModel:
    model = kind.from_preset(
        "default", frames=12, size=(16, 20), filters=(5, 3), top_kernel_initializer=STRONG,
        longest_wave=longest, kernels=((4, 4, 4), 3 if kind is SceneModel else (4, 3, 3)),
        strides=((2, 2, 2), 2 if kind is SceneModel else (2, 1, 2)),
    )
    model.adapt(np.stack([flames(16, (16, 20), seed=seed) for seed in range(2)]))
    return model


def slope_of(f: Any, video: np.ndarray) -> np.ndarray:
    given = tf.constant(video[np.newaxis])
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(f(given))
    return np.asarray(tape.gradient(total, given))[0]


@pytest.mark.parametrize("kind", [TextureModel, SceneModel])
def test_f_has_no_slope_along_long_waves_and_does_not_see_them(kind: type[EnergyModel]) -> None:
    model, video = model_of(kind, LONGEST), video_of()
    slope = slope_of(model.f, video)
    scale = float(np.abs(slope).max())
    assert scale > 1e-3
    whole = [np.arange(n) for n in video.shape[:3]]
    amplitudes = LongWaves(video.shape, LONGEST).measured(slope, whole)
    assert float(np.abs(amplitudes).max()) < 1e-5 * scale * slope.size**0.5
    brighter = tf.constant(video[np.newaxis] + 0.7)
    np.testing.assert_allclose(model.f(brighter), model.f(video[np.newaxis]), rtol=1e-4)
    seeing = model_of(kind, 0.0)
    far = np.abs(np.asarray(seeing.f(brighter) - seeing.f(video[np.newaxis])))
    assert far.max() > 1e-2 * scale  # which would not hold if nothing were seen at all


def test_a_repeating_video_has_no_edge_there_either() -> None:
    model, video = model_of(TextureModel, LONGEST), video_of()
    energy = periodic.Repeating(model, (1, 2, 3))
    slope = slope_of(energy, video)
    shifts = (4, 2, 4)  # whole strides of the network
    turned = slope_of(energy, np.roll(video, shifts, (0, 1, 2)))
    np.testing.assert_allclose(
        turned, np.roll(slope, shifts, (0, 1, 2)), atol=2e-5 * float(np.abs(slope).max())
    )


@pytest.mark.parametrize(("longest", "preset"), [(3.0, "default"), (-1.0, "default"),
                                                 (40.0, "gaussian")])
def test_a_limit_that_makes_no_sense_is_one_sentence(longest: float, preset: str) -> None:
    with pytest.raises(BadOptionError, match="longest_wave must be 0, or at least 4"):
        TextureModel.from_preset(preset, frames=12, size=(32, 32), longest_wave=longest)
