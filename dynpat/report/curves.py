"""Draw learning curves as one SVG drawing, in the colours of the page."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

MEANINGS = {
    "energy gap": "f(observed) − f(synthesised) per value: 0 when the model sees no difference",
    "contrast": "root mean square of the chains over that of the observed: 1 is alike",
    "gradient norm": "norm of the gradient of the weights",
    "seconds per update": "seconds that an update took",
    "quality score": "distances of a fresh sample over what is real, see the table: 1 is as real",
}
# Where each curve is found in a row of the log.
PATHS = {
    "energy gap": ("energy_gap",),
    "contrast": ("contrast",),
    "gradient norm": ("gradient_norm",),
    "seconds per update": ("step_seconds",),
    "quality score": ("quality", "score"),
}
COLOUR = "#d9480f"
SMOOTH = 100  # number of points of the smoothed line


def draw_curves(rows: list[dict[str, Any]]) -> str:
    """Return the curves of a log as an SVG element, or "" if there is too little to draw."""
    if len(rows) < 2:
        return ""
    series = {name: _points(rows, *path) for name, path in PATHS.items()}
    series = {name: points for name, points in series.items() if len(points) > 1}
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "dynpat", "font.size": 9}):
        figure = Figure(figsize=(10, 2.2 * -(-len(series) // 2)), layout="constrained")
        for number, (name, points) in enumerate(series.items(), start=1):
            axes = figure.add_subplot(-(-len(series) // 2), 2, number)
            every = name == "quality score"
            axes.plot(points[:, 0], points[:, 1], color=COLOUR, lw=1, alpha=1 if every else 0.35,
                      marker="." if every else None)
            if not every:
                smooth = [part.mean(axis=0) for part in np.array_split(points, SMOOTH) if len(part)]
                axes.plot(*np.transpose(smooth), color=COLOUR, lw=1.5)
            axes.set_title(name, loc="left")
            axes.grid(alpha=0.2)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg"):]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    return drawing.replace("#000000", "currentColor").replace("<text style=\"",
                                                              "<text style=\"fill: currentColor; ")


def _points(rows: list[dict[str, Any]], name: str, inner: str = "") -> np.ndarray:
    """Return pairs of an update and its value, (n, 2), where there is a value."""
    found = [(row["update"], (row.get(name) or {}).get(inner) if inner else row.get(name))
             for row in rows]
    return np.array([(at, float(v)) for at, v in found if v is not None]).reshape(-1, 2)
