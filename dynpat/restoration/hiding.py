"""Which visible pixels are hidden to see how good a guess is, and where that tells nothing.

They are hidden in the manner of the missing ones: a guess that is good for single frames may be
bad for a hundred in a row, and one that knows a pixel at other times may not know it at all.

Masks are (T, H, W) bool with True = missing.
"""

from __future__ import annotations

import numpy as np

from dynpat import seeds

EVERY = 3  # one in this many runs of frames also has known pixels hidden
RUNS = 2  # such runs that a video has room for at least
FEWEST = 200  # with fewer hidden pixels, the guesses are not weighed
TRIES = 8  # moments to which the mask is moved, until enough pixels are hidden
AT_THE_END = 4  # one in this many known frames is hidden where the missing ones go on and on
PLACES = 16  # to which the mask is moved over the picture
LARGEST = 0.25  # share of the video that a mask which is moved over the picture may hide
LONGEST = 8  # frames in a row; longer gaps count as alike
HEAVIEST = 10.0  # times its share that a hidden pixel may count
NEARLY = 0.95  # share of a frame that counts as all of it


def calibration_mask(missing: np.ndarray, seed: int) -> np.ndarray:
    """Return visible pixels to hide as well: the mask of another time, on one in `EVERY` frames.

    They are hidden in the same manner as the missing ones are: in runs of as many frames as these
    are missing for, because what is missing for long is harder to guess than a single frame. Where
    all frames before or after the known ones are missing, known ones beside them are hidden in a
    row. Where no moment shows what another hides, the mask is moved over the picture instead.
    """
    rng = np.random.default_rng(seeds.hidden(seed))
    ends = _ends(missing)
    within = missing & ~_run(missing, *ends)[:, np.newaxis, np.newaxis]
    beside = _beside(missing, *ends)
    frames = len(missing)
    length = _usual_gap(missing, within)
    most = np.zeros_like(missing)
    for _ in range(TRIES):
        moved = np.roll(within, int(rng.integers(1, max(frames, 2))), axis=0)
        chosen = np.arange(frames) // length % EVERY == rng.integers(EVERY)
        # The first and last frames are left out: nothing is known beyond them, unlike for others.
        chosen[[0, -1]] = False
        hidden = moved & ~missing & chosen[:, np.newaxis, np.newaxis]
        if hidden.sum() > most.sum():
            most = hidden
        if not within.any() or most.sum() >= FEWEST:
            break
    most |= beside[:, np.newaxis, np.newaxis] & ~missing
    return most if most.sum() >= FEWEST else most | _elsewhere(missing, rng)


def _usual_gap(missing: np.ndarray, within: np.ndarray) -> int:
    """The median number of frames in a row for which pixels are missing, of those in `within`."""
    if not within.any():
        return 1
    longest = max(1, len(missing) // (RUNS * EVERY))
    return int(np.clip(np.median(_lengths(missing)[within]), 1, longest))


def _elsewhere(missing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The mask at the other place of the picture, among some, where it hides most."""
    best = np.zeros_like(missing)
    if missing.mean() > LARGEST:
        return best
    for _ in range(PLACES):
        down, across = (int(rng.integers(size)) for size in missing.shape[1:])
        moved = np.roll(missing, (down, across), axis=(1, 2)) & ~missing
        if moved.sum() > best.sum():
            best = moved
    return best


def farther(missing: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """How much farther missing pixels are from what is known than hidden ones: (T, H, W), 0 … 1.

    Counted in frames: 0 up to the distance of the farthest hidden pixel, 1 from twice that on,
    and for pixels that no frame shows.
    """
    reached = _distance(missing | hidden)[hidden]
    reached = reached[np.isfinite(reached)]
    beyond = np.clip(_distance(missing) / reached.max() - 1, 0, 1) if len(reached) else 0.0
    return np.where(missing.all(axis=0), 1, np.where(missing, beyond, 0)).astype(np.float32)


def likeness(missing: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """How much each hidden pixel counts, (n,) in the order of `missing[hidden]`; 1 in the mean.

    What is hidden beside missing frames makes their gaps longer. So hidden pixels count by how
    often gaps as long as theirs are among the missing ones.
    """
    return _counts(_gaps(missing)[missing], _gaps(missing | hidden)[hidden])


def as_far(missing: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """How much each missing pixel counts, (n,) in the order of `missing[missing]`; 1 in the mean.

    They then are as far from what is known as hidden ones are: what is expected of the former can
    be held against what the latter tell.
    """
    sought, had = (
        np.minimum(_distance(of)[where], LONGEST).astype(np.int64)
        for of, where in ((missing | hidden, hidden), (missing, missing))
    )
    return _counts(sought, had)


def _counts(sought: np.ndarray, had: np.ndarray) -> np.ndarray:
    """How much each of `had` counts, (n,) and 1 in the mean, to be spread as `sought` are.

    Both are whole numbers of frames, 0 … `LONGEST`. If they have none in common, all count alike.
    """
    shares = [np.bincount(of, minlength=LONGEST + 1) / len(of) for of in (sought, had)]
    counts = np.minimum(shares[0][had] / shares[1][had], HEAVIEST)
    return np.asarray(counts / counts.mean() if counts.any() else np.ones(len(had)))


def _lengths(missing: np.ndarray) -> np.ndarray:
    """How many frames in a row do not show a pixel, (T, H, W); infinite up to an end."""
    before, after = _seen(missing)
    return after - before - 1


def _gaps(missing: np.ndarray) -> np.ndarray:
    """The same as whole numbers, `LONGEST` at most."""
    return np.asarray(np.minimum(_lengths(missing), LONGEST).astype(np.int64))


def _ends(missing: np.ndarray) -> tuple[int, int]:
    """How many whole frames are missing before and after the others."""
    shown = np.flatnonzero(missing.mean(axis=(1, 2)) < NEARLY)
    return (int(shown[0]), len(missing) - 1 - int(shown[-1])) if len(shown) else (0, 0)


def _run(missing: np.ndarray, before: int, after: int) -> np.ndarray:
    """Which frames (T,) are among the first `before` or the last `after`."""
    numbers = np.arange(len(missing))
    return np.asarray((numbers < before) | (numbers >= len(missing) - after))


def _beside(missing: np.ndarray, before: int, after: int) -> np.ndarray:
    """Which known frames (T,) are hidden because missing ones go on and on beside them."""
    known = len(missing) - before - after
    most = known // AT_THE_END
    hidden = _run(missing, before + min(before, most) if before else 0,
                  after + min(after, most) if after else 0)
    return hidden & ~_run(missing, before, after)


def _distance(missing: np.ndarray) -> np.ndarray:
    """Frames (T, H, W) from each pixel to the nearest that shows it; infinite if none does."""
    numbers = np.arange(len(missing), dtype=np.float32)[:, np.newaxis, np.newaxis]
    before, after = _seen(missing)
    return np.minimum(numbers - before, after - numbers)


def _seen(missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last frame up to each, and the first from it on, that shows a pixel; ∓∞ if none does."""
    numbers = np.arange(len(missing), dtype=np.float32)[:, np.newaxis, np.newaxis]
    before = np.maximum.accumulate(np.where(missing, -np.inf, numbers), axis=0)
    after = np.minimum.accumulate(np.where(missing, np.inf, numbers)[::-1], axis=0)[::-1]
    return before, after
