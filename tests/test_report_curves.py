"""Learning curves are one drawing."""

from __future__ import annotations

from xml.etree import ElementTree

from dynpat.report import curves


def test_the_curves_are_one_drawing_in_the_page_s_colours() -> None:
    rows = [{"update": n, "energy_gap": n * 0.1, "contrast": 1.0, "gradient_norm": 2.0 / n,
             "step_seconds": 0.2, **({"quality": {"score": 3.0 / n}} if n % 5 == 0 else {})}
            for n in range(1, 31)]
    drawing = curves.draw_curves(rows)
    ElementTree.fromstring(drawing)
    assert all(name in drawing for name in curves.MEANINGS)
    assert "#000000" not in drawing and "currentColor" in drawing
    assert drawing == curves.draw_curves(rows)
    assert curves.draw_curves(rows[:1]) == ""
