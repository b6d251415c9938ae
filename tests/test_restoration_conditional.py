"""Missing pixels under the coloured reference, against dense matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import scipy.fft

from dynpat.datasets import flames, ocean
from dynpat.masks import draw_mask
from dynpat.restoration.conditional import RHO, Conditional, fit_conditional
from dynpat.restoration.first_guess import make_guess, with_texture
from dynpat.restoration.kriging import interpolate_in_time, visible_mean
from dynpat.restoration.neighbourhoods import Neighbourhood, fit_visible

SHAPE = (12, 14, 15)


def hidden(video: np.ndarray, missing: np.ndarray) -> np.ndarray:
    return np.where(missing[..., np.newaxis], 0, video)


def error(made: np.ndarray, video: np.ndarray, missing: np.ndarray) -> float:
    return float(np.abs(made - video)[missing].mean())


def small(apart: int = 37, colours: int = 1) -> Conditional:
    """Of a few pixels, so that a matrix of all pairs fits into memory."""
    rng = np.random.default_rng(1)
    smooth = scipy.fft.irfftn(
        scipy.fft.rfftn(rng.normal(size=(20, 6, 7, colours)), axes=(0, 1, 2))
        * np.exp(-np.arange(20) / 3).reshape(-1, 1, 1, 1), (20, 6, 7), axes=(0, 1, 2)
    )
    video = np.clip(128 + 60 * smooth / smooth.std(), 0, 255)[:5].astype(np.float32)
    missing = rng.random(video.shape[:3]) < 0.4
    return fit_conditional(hidden(video, missing), missing, apart, tolerance=1e-5)


def covariance(part: Neighbourhood, axis: int) -> np.ndarray:
    """S between all places of the part's grid, (n, n), by applying it to each in turn."""
    count = int(np.prod(part.grid))
    places = np.eye(count).reshape(count, *part.grid)
    waves = scipy.fft.rfftn(places, axes=(1, 2, 3)) * part.spectrum[axis]
    return scipy.fft.irfftn(waves, part.grid, axes=(1, 2, 3)).reshape(count, count)


def visible_of(part: Neighbourhood, of: Conditional) -> np.ndarray:
    """Which of all places of the part's grid are seen, (n,)."""
    seen = np.zeros(part.grid, bool)
    rows, columns = part.place
    inside = ~of.missing[:, rows, columns]
    seen[tuple(slice(0, n) for n in inside.shape)] = inside
    return seen.ravel()


def weights(part: Neighbourhood, of: Conditional) -> np.ndarray:
    """C_·v C_vv⁻¹ (n, v) of the places of the part's grid."""
    seen = visible_of(part, of)
    s = covariance(part, 0)
    both = s[np.ix_(seen, seen)] + RHO**2 * np.eye(seen.sum())
    return np.linalg.solve(both, s[seen]).T


@pytest.fixture(params=[37, 3], ids=["one window", "several windows"])
def tiny(request: pytest.FixtureRequest) -> Iterator[Conditional]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynpat.restoration.neighbourhoods.MARGIN", 3)
        patch.setattr("dynpat.restoration.conditional.STEPS", 300)
        yield small(request.param)


def test_windows_cover_every_pixel_once(tiny: Conditional) -> None:
    total = np.zeros(tiny.missing.shape[1:])
    for part in tiny.parts:
        total[part.place] += part.share
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_the_mean_is_that_of_dense_matrices(tiny: Conditional) -> None:
    expected = np.zeros(tiny.missing.shape)
    for part in tiny.parts:
        rows, columns = part.place
        inside = ~tiny.missing[:, rows, columns]
        told = weights(part, tiny) @ tiny.observed[:, rows, columns, 0][inside]
        grid = told.reshape(part.grid)[tuple(slice(0, n) for n in inside.shape)]
        expected[:, rows, columns] += part.share * grid
    for start in (None, np.full(tiny.video.shape, 90.0, np.float32)):
        found = tiny.mean(start)[..., 0]
        np.testing.assert_allclose(found[tiny.missing], expected[tiny.missing], atol=2e-3)
        np.testing.assert_array_equal(found[~tiny.missing], tiny.observed[~tiny.missing, 0])


def test_draws_have_the_conditional_covariance() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynpat.restoration.neighbourhoods.MARGIN", 2)
        of = small()
        patch.setattr("dynpat.restoration.conditional.STEPS", 300)
        draws = np.stack([of.fluctuation(n)[of.missing, 0] for n in range(3000)])
    part, count = of.parts[0], len(draws)
    inside = np.zeros(part.grid, bool)
    inside[tuple(slice(0, n) for n in of.missing.shape)] = of.missing
    gone = inside.ravel()
    s, seen = covariance(part, 0), visible_of(part, of)
    # Of y − W·y_v, where the mean is W·y_v: the weights W allow for noise ρ that draws do not have.
    told = weights(part, of) @ s[seen]
    both = weights(part, of) @ s[np.ix_(seen, seen)] @ weights(part, of).T
    expected = (s - told - told.T + both)[np.ix_(gone, gone)]
    found = draws.T @ draws / count
    deviation = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / count)
    np.testing.assert_array_less(np.abs(found - expected), 5 * deviation)
    assert np.abs(draws.mean(axis=0)).max() < 5 / np.sqrt(count)
    # And they lie around the mean as widely as that says.
    assert np.abs(draws).mean() == pytest.approx(
        np.sqrt(2 / np.pi * np.diag(expected)).mean(), rel=0.05
    )


def test_neighbourhoods_keep_their_draws_together() -> None:
    """Blended draws are as wide as each: they filter the same noise."""
    video = ocean(24, (48, 48))
    missing = draw_mask("frames:0.5", video.shape[:3], 0)
    widths = []
    for apart in (100, 16):
        of = fit_conditional(hidden(video, missing), missing, apart)
        widths.append(of.fluctuation(0)[missing].std())
    assert widths[1] > 0.8 * widths[0]


def test_visible_pixels_are_bit_equal_and_a_seed_fixes_a_draw() -> None:
    video = flames(16, SHAPE[1:])
    missing = draw_mask("salt-pepper:0.4", video.shape[:3], 3)
    of = fit_conditional(video, missing)
    mean = of.mean()
    made = [of.to_grey(mean + of.fluctuation(seed)) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(made[0], made[1])
    assert np.any(made[0] != made[2])
    for grey in (*made, of.to_grey(mean)):
        np.testing.assert_array_equal(grey[~missing], video[~missing])
        assert grey.dtype == np.float32 and grey.min() >= 0 and grey.max() <= 255


@pytest.mark.parametrize("absurd", [255.0, -1e6, np.nan])
def test_what_stands_at_missing_pixels_changes_nothing(absurd: float) -> None:
    """Maps, correlations and estimates are the same to the bit."""
    video = flames(16, SHAPE[1:]).astype(np.float32)
    missing = draw_mask("region:0.2", video.shape[:3], 1)
    missing[:, 3:6, 4:8] = True
    one, other = (
        fit_conditional(np.where(missing[..., np.newaxis], np.float32(level), video), missing, 7)
        for level in (0.0, absurd)
    )
    for name in ("mean", "axes", "maps", "correlations"):
        np.testing.assert_array_equal(getattr(one.process, name), getattr(other.process, name))
    for mine, theirs in zip(one.parts, other.parts, strict=True):
        np.testing.assert_array_equal(mine.spectrum, theirs.spectrum)
    np.testing.assert_array_equal(one.to_grey(one.mean()), other.to_grey(other.mean()))
    np.testing.assert_array_equal(one.fluctuation(2), other.fluctuation(2))


def test_what_rests_says_the_same_again() -> None:
    video = flames(16, SHAPE[1:]).astype(np.float32)
    missing = draw_mask("region:0.2", video.shape[:3], 1)
    of = fit_conditional(hidden(video, missing), missing, 7)
    before = of.fluctuation(2)
    assert all("spectrum" in vars(part) for part in of.parts)
    of.rest()
    assert not any("spectrum" in vars(part) for part in of.parts)
    np.testing.assert_array_equal(of.fluctuation(2), before)


def test_pixels_that_no_frame_shows_have_the_map_of_their_neighbours() -> None:
    video = ocean(20, (24, 24))
    missing = np.zeros(video.shape[:3], bool)
    missing[:, 8:14, 9:13] = True
    process = fit_visible(hidden(video, missing), missing)
    np.testing.assert_array_equal(process.maps[:, 9, 9], process.maps[:, 9, 8])
    np.testing.assert_array_equal(process.mean, visible_mean(video, missing))
    of = fit_conditional(hidden(video, missing), missing)
    made = of.to_grey(of.mean() + of.fluctuation(0))
    inside, beside = made[:, 8:14, 9:13].std(axis=0).mean(), made[:, 8:14, 3:7].std(axis=0).mean()
    assert inside > 0.5 * beside


def test_a_hole_larger_than_a_neighbourhood_is_filled() -> None:
    """Where nothing is ever seen, the correlations are those of the whole picture."""
    video = ocean(12, (44, 44))
    missing = np.zeros(video.shape[:3], bool)
    missing[:, :32, :32] = True
    of = fit_conditional(hidden(video, missing), missing, 8)
    made = of.to_grey(of.mean() + of.fluctuation(0))
    assert np.isfinite(made).all() and made[missing].std() > 1
    np.testing.assert_array_equal(of.parts[0].spectrum, of.process.spectrum(of.parts[0].grid))


def test_opposite_borders_do_not_know_of_each_other() -> None:
    """A wider margin changes little, and none at all much more.

    Correlations that are cut off have waves of negative variance. What stands for these reaches
    beyond the cut, and depends on the grid.
    """
    video = flames(16, (30, 34))
    missing = np.zeros(video.shape[:3], bool)
    missing[:, :, :4], missing[:2] = True, True
    made = []
    for margin in (0, 24, 50):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dynpat.restoration.neighbourhoods.MARGIN", margin)
            patch.setattr("dynpat.restoration.conditional.STEPS", 300)
            made.append(fit_conditional(hidden(video, missing), missing, tolerance=1e-4).mean())
    without, own, wider = (part[missing] for part in made)
    assert np.abs(own - wider).mean() < 0.15 * np.abs(own - without).mean()


def test_flames_are_filled_better_than_by_interpolation() -> None:
    video = flames(40, (40, 40))
    for kind in ("region:0.2", "salt-pepper:0.5"):
        missing = draw_mask(kind, video.shape[:3], 3)
        known = hidden(video, missing)
        straight = interpolate_in_time(known, missing)
        of = fit_conditional(known, missing)
        ours, theirs = error(of.to_grey(of.mean(straight)), video, missing), error(
            straight, video, missing
        )
        assert ours < 0.95 * theirs, (kind, ours, theirs)


def test_chains_start_from_a_draw_around_the_guess() -> None:
    """As far from it as its own errors on hidden pixels are, and moving nearly as the truth."""
    video = flames(40, (40, 40))
    missing = draw_mask("region:0.2", video.shape[:3], 3)
    known = hidden(video, missing)
    guess = make_guess(known, missing)
    start, again, other = (with_texture(guess, known, missing, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(start[~missing], video[~missing])
    np.testing.assert_array_equal(start, again)
    assert np.any(start != other)

    def motion(of: np.ndarray) -> float:
        return float(np.abs(np.diff(of.astype(np.float32), axis=0))[missing[1:]].mean())

    assert motion(guess.filled) < 0.85 * motion(video)
    assert 0.85 < motion(start) / motion(video) < 1.25
    # White noise of the same size moves more, because it knows of no neighbours.
    width = (start - guess.filled)[missing].std()
    noise = np.random.default_rng(0).normal(0, width, video.shape)
    assert motion(np.clip(guess.filled + noise, 0, 255)) > 1.1 * motion(start)
    assert error(start, video, missing) < 1.6 * error(guess.filled, video, missing)
    # A guess that is nearly right is hardly left.
    exact = replace(guess, without=video.astype(np.float32), filled=video.astype(np.float32))
    assert error(with_texture(exact, known, missing, 0), video, missing) < 1


def test_a_still_video_stays_as_it_is() -> None:
    video = np.full((6, 9, 9, 3), 77, np.uint8)
    missing = draw_mask("salt-pepper:0.5", video.shape[:3], 0)
    of = fit_conditional(hidden(video, missing), missing)
    np.testing.assert_allclose(of.to_grey(of.mean() + of.fluctuation(1)), video, atol=0.01)
