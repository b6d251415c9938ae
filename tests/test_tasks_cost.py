"""What a plan is estimated to cost, against what it costs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynpat.datasets import flames
from dynpat.runs.plan import Plan, make_plan
from dynpat.tasks.cost import cost_of
from dynpat.videos import write_video

Call = Callable[..., Any]


def short_plan(video: Path, **changes: Any) -> Plan:
    learn = {"iterations": 6, "chains": 2, **changes.pop("learn", {})}
    return make_plan([video], precision="float32", learn=learn, **changes)


@pytest.mark.parametrize("pattern", ["scene", "texture", "action"])
def test_estimate_grows_with_what_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setattr("dynpat.tasks.cost._seconds_per_update", lambda *_: 1.0)
    write_video(tmp_path / "a.gif", flames(12, (24, 24)), 25)

    def memory(**changes: Any) -> int:
        return cost_of(short_plan(tmp_path, pattern=pattern, **changes)).memory_bytes

    base = memory()
    assert memory(learn={"chains": 8}) > base
    assert memory(size=(32, 32)) > base
    assert memory(frames=10) <= base


def test_estimate_keeps_to_the_time_budget(flames_file: Path) -> None:
    cost = cost_of(short_plan(flames_file, learn={"iterations": 10**6, "time_budget": 60.0}))
    assert 1 <= cost.updates < 10**6
    learning = cost.updates * cost.seconds_per_update
    assert cost.seconds == pytest.approx(learning)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_estimated_memory_is_near_the_measured(new_process: Call, tmp_path: Path) -> None:
    write_video(tmp_path / "a.gif", flames(30, (64, 64)), 25)
    script = (
        "from pathlib import Path; from dynpat.tasks import learn as tasks\n"
        "from dynpat.tasks.cost import cost_of; from dynpat.runs.plan import make_plan\n"
        "from dynpat.quality import metrics\n"
        "tasks.SAMPLE_STEPS = 1; metrics.PATCHES = 400; metrics.PROJECTIONS = 16\n"
        f"plan = make_plan([{str(tmp_path)!r}], precision='float32', learn={{'iterations': 2}})\n"
        f"tasks.learn(plan, {str(tmp_path / 'run')!r}, formats=('npy',))\n"
        # Not getrusage: its peak is inherited from the process that started this one.
        "status = Path('/proc/self/status').read_text()\n"
        "peak = 1024 * int(status.split('VmHWM:')[1].split()[0])\n"
        "print(cost_of(plan).memory_bytes / peak)"
    )
    done = new_process("-W", "ignore", "-c", script)
    assert done.returncode == 0, done.stderr
    assert 0.75 < float(done.stdout) < 1.25, done.stdout
