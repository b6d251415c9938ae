"""`report.html`: one self-contained page about a run."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment

from dynpat.atomic import strict_json, write_text
from dynpat.runs import Run, read_log
from dynpat.videos import Video, write_video

CURVES = {
    "energy_gap": "f(observed) − f(synthesised) per value: 0 when the model sees no difference",
    "contrast": "contrast of the chains against the observed, 1 = alike",
    "motion": "mean |temporal difference| of the chains against the observed, 1 = alike",
    "gradient_norm": "size of the weights' gradient",
}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>dynpat: {{ name }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
img { image-rendering: pixelated; width: 18rem; max-width: 100%; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } svg { width: 100%; height: 8rem; }
polyline { fill: none; stroke: #d9480f; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
pre { overflow-x: auto; border: 1px solid #8888; padding: 1rem; }
</style></head><body>
<h1>{{ name }}</h1>
<p>{{ update }} updates in {{ "%.0f"|format(elapsed) }} s.</p>
{% for caption, data in videos %}
<figure><img alt="{{ caption }}" src="data:image/gif;base64,{{ data }}">
<figcaption>{{ caption }}</figcaption></figure>
{% endfor %}
{% for curve in curves %}
<h2>{{ curve.name }}</h2><p>{{ curve.meaning }}; from {{ "%.3g"|format(curve.first) }} to
{{ "%.3g"|format(curve.last) }} (range {{ "%.3g"|format(curve.low) }} …
{{ "%.3g"|format(curve.high) }}).</p>
<svg viewBox="0 0 600 100" preserveAspectRatio="none"><polyline points="{{ curve.points }}"/></svg>
{% endfor %}
<h2>Settings</h2><pre>{{ settings }}</pre>
</body></html>
"""


def write_report(run: Run, observed: Video) -> Path:
    """Write the page from what the run folder holds; returns its path."""
    observed_file = run.folder / "observed.gif"
    write_video(observed_file, observed.frames, observed.fps)
    pictures = [("observed", observed_file)]
    pictures += [(path.stem, path) for path in sorted(run.samples.glob("synthesised_*.gif"))[:3]]
    pictures += [(path.stem, path) for path in sorted((run.folder / "results").glob("*_000.gif"))]
    if len(pictures) == 1:
        pictures.append(("observed | synthesised so far", run.preview_file))
    rows = read_log(run.log_file)
    page = Environment(autoescape=True).from_string(PAGE).render(
        name=run.folder.name,
        update=rows[-1]["update"] if rows else 0,
        elapsed=rows[-1]["elapsed"] if rows else 0.0,
        videos=[(name, base64.b64encode(path.read_bytes()).decode()) for name, path in pictures],
        curves=[_curve(rows, name, meaning) for name, meaning in CURVES.items()] if rows else [],
        settings=strict_json(run.config(), indent=2),
    )
    target = run.folder / "report.html"
    write_text(target, page)
    return target


def _curve(rows: list[dict[str, Any]], name: str, meaning: str) -> dict[str, Any]:
    """Points of a polyline in a 600×100 box, at most 600 of them."""
    values = [float(row[name]) for row in rows][:: max(1, len(rows) // 600)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = " ".join(
        f"{600 * i / max(1, len(values) - 1):.1f},{99 - 98 * (v - low) / span:.1f}"
        for i, v in enumerate(values)
    )
    return {"name": name, "meaning": meaning, "points": points, "low": low, "high": high,
            "first": values[0], "last": values[-1]}
