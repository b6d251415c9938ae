"""Seeds are derived in one place, apart from each other, and always the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from dynpat import seeds

PACKAGE = Path(seeds.__file__).parent
USERS = (0, 1, 7, 2**31 - 1)  # seeds that users may choose
# What every stream gave when these were written: another number changes the result of every run.
KNOWN = {
    seeds.of_layer: ((7, 2), 709),
    seeds.order: ((7, 2), (7, 2)),
    seeds.windows: ((7, 2), (7, 2)),
    seeds.of_slot: ((7, 2), 70_051),
    seeds.velocity: ((7, 2), (70_051, 2017)),
    seeds.chains: ((7, 2), 7_000_023),
    seeds.fills: ((7_000_023,), 7_061_736),
    seeds.grain: ((7, 2), (1665, 2)),
    seeds.grain_of_fills: ((7_000_023,), (7_061_736, -1)),
    seeds.renewal: ((7, 2), (506, 2)),
    seeds.anew: ((7, 2), (507, 3)),
    seeds.shift: ((7, 2), (1528, 2)),
    seeds.step: ((7_000_023, 4), (7_000_023, 4)),
    seeds.numbered: ((2, 5), 33_554_437),
    seeds.of_video: ((7, 2), 70_051),
    seeds.start: ((70_051,), (70_051, 24_301)),
    seeds.part: ((7, 2), 700_023),
    seeds.block: ((7, 2, 3), (700_023, 3)),
    seeds.calibration: ((2,), 987_654_323),
    seeds.visible: ((700_023,), (700_023, 1697)),
    seeds.judging: ((7,), 8),
    seeds.hidden: ((7,), [3233, 7]),
    seeds.texture: ((7,), [32_391, 7]),
    seeds.conditional: ((7,), [55_203, 7]),
    seeds.around: ((7,), 42_004),
    seeds.mask: ((7, 2), 9),
    seeds.course: ((7,), [7, 1]),
    seeds.damage: ((7,), [3491, 7]),
}


@pytest.mark.parametrize("stream", KNOWN, ids=lambda stream: stream.__name__)
def test_a_seed_stays_what_it_was(stream: object) -> None:
    arguments, expected = KNOWN[stream]  # type: ignore[index]
    assert stream(*arguments) == expected  # type: ignore[operator]


def test_every_stream_is_known() -> None:
    tree = ast.parse(Path(seeds.__file__).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions == {stream.__name__ for stream in KNOWN}


def of_update(seed: int, update: int) -> dict[str, tuple[int, int]]:
    """The pairs of random operations with which an update of three chains begins."""
    chains = seeds.chains(seed, update)
    pairs = {
        "windows": seeds.windows(seed, update), "shift": seeds.shift(seed, update),
        "renewal": seeds.renewal(seed, update),
        "grain of fills": seeds.grain_of_fills(chains),
        "fills": seeds.step(seeds.fills(chains), 0),
    }
    for number in range(3):
        for name, (first, second) in {
            "chain": seeds.step(chains, 0), "grain": seeds.grain(seed, update),
            "anew": seeds.anew(seed, update),
        }.items():
            pairs[f"{name} {number}"] = first, seeds.numbered(second, number)
        pairs[f"start {number}"] = seeds.start(seeds.of_slot(seed, number))
        pairs[f"velocity {number}"] = seeds.velocity(seed, number)
    return pairs


@pytest.mark.parametrize("seed", USERS)
@pytest.mark.parametrize("update", [1, 2, 100, 5000])
def test_what_is_drawn_in_an_update_is_apart(seed: int, update: int) -> None:
    pairs = of_update(seed, update)
    same = [names for names in combinations(pairs, 2) if pairs[names[0]] == pairs[names[1]]]
    assert same == []


@pytest.mark.parametrize("stream", [
    seeds.chains, seeds.grain, seeds.renewal, seeds.anew, seeds.shift, seeds.windows, seeds.of_slot,
    seeds.of_video, seeds.part, seeds.of_layer,
], ids=lambda stream: stream.__name__)  # fmt: skip
def test_two_things_of_a_stream_are_apart(stream: object) -> None:
    """Of neighbouring seeds, too, as far as things are counted in practice."""
    found = [stream(seed, number) for seed in range(20) for number in range(100)]  # type: ignore[operator]
    assert len(set(found)) == len(found)


def derived(path: Path) -> Iterator[str]:
    """Sums, products and lists of a seed and something else."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult | ast.BitXor):
            parts = [node.left, node.right]
        elif isinstance(node, ast.List | ast.Tuple) and len(node.elts) == 2:
            if isinstance(node.ctx, ast.Store):
                continue
            parts = [node.elts[0]] if isinstance(node.elts[1], ast.Constant | ast.Name) else []
        for part in parts:
            while isinstance(part, ast.Call) and part.args:  # tf.cast(seed, …)
                part = part.args[0]
            name = getattr(part, "attr", getattr(part, "id", ""))
            if name == "seed" or name.endswith("_seed"):
                yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_seeds_are_derived_nowhere_else(path: Path) -> None:
    assert path.name == "seeds.py" or list(derived(path)) == []


@pytest.mark.parametrize("line", [
    "seed * 10_007 + number", "[seed, 0x5EED]", "tf.cast(self.chains.seed, tf.int64) + APART",
    'arguments.seed * 101', "(seed, VELOCITY)",
])  # fmt: skip
def test_a_derived_seed_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(f"found = {line}\n", encoding="utf-8")
    assert list(derived(tmp_path / "module.py"))
