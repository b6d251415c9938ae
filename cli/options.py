"""The types of options, and the options that several commands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from dynpat.config import PATTERN_NAMES, PRESET_NAMES

Command = TypeVar("Command", bound=Callable[..., Any])
BYTES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
READING = ("size", "frames", "start", "fps", "grey")
LEARNING = (
    "iterations", "time_budget", "chains", "batch", "memory", "learning_rate", "seed",
    "chain_store",
)
# Options that may change when a run is resumed; all others must equal those of the run.
RESUMABLE = {"iterations", "time_budget", "out", "resume", "formats", "quiet", "as_json", "dry_run",
             "tensorboard", "strategy"}
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class Duration(click.ParamType):
    """A number of seconds, written as 90, 90s, 10m or 1h30m."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, float | int):
            return float(value)
        text = value.strip().lower()
        seconds = math.nan
        if re.fullmatch(r"\d+(\.\d+)?", text):
            seconds = float(text)
        elif re.fullmatch(r"(\d+(\.\d+)?[hms])+", text):
            parts = re.findall(r"(\d+(\.\d+)?)([hms])", text)
            seconds = sum(float(n) * UNITS[unit] for n, _, unit in parts)
        if not math.isfinite(seconds):  # a number too large for a float becomes infinite
            self.fail(f"{value!r} is not a time; write 90s, 10m or 1h30m.", param, ctx)
        return seconds


class Memory(click.ParamType):
    """A number of bytes, written as 4GB, 500MB or 4e9."""

    name = "memory"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e\d+)?)\s*([kmgt]?)b?", value.strip().lower())
        amount = float(found[1]) * BYTES[found[2]] if found else math.nan
        if not math.isfinite(amount):  # 1e400 is too large for a float
            self.fail(f"{value!r} is not an amount of memory; write 4GB or 500MB.", param, ctx)
        return int(amount)


class Parsed(click.ParamType):
    """A value that a parser, given by its name in a module, makes from text."""

    parser: str
    module = "dynpat.videos"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, tuple):
            return value
        from dynpat.errors import DynpatError

        try:
            return getattr(import_module(self.module), self.parser)(value)
        except DynpatError as error:
            self.fail(str(error), param, ctx)


class Size(Parsed):
    """A picture size (height, width), written as 100 or WxH."""

    name = "size"
    parser = "parse_size"


class Formats(Parsed):
    """The names of file formats, separated by commas."""

    name = "formats"
    parser = "parse_formats"


class Damage(Parsed):
    """The names of kinds of damage, separated by commas."""

    name = "detect"
    parser = "parse_detect"
    module = "dynpat.options"


def said() -> set[str]:
    """Return the names of the options and arguments that were given on the command line."""
    context = click.get_current_context()
    return {
        str(param.name) for param in context.command.params
        if context.get_parameter_source(str(param.name)) == ParameterSource.COMMANDLINE
        and (param.param_type_name == "option" or context.params[str(param.name)])
    }


def refuse(names: set[str], why: str) -> None:
    """Raise a usage error if the command line gives one of these options or arguments.

    Raises
    ------
    click.UsageError
        If one of `names` is given; it names the first of them and says `why`.
    """
    given = said() & names
    for param in click.get_current_context().command.params:
        if param.name in given:
            what = param.opts[0] if param.param_type_name == "option" else param.name.upper()
            raise click.UsageError(f"{what} {why}")


def changes(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the command line changes in a plan from --config, by the parts of the plan."""
    names = said()
    moving = {"steps": "langevin_steps", "step_size": "step_size"}
    return {
        "reading": {name: options[name] for name in READING if name in names},
        "window": options["window"] if "window" in names else None,
        "model": {name: options[name] for name in ("sigma", "precision") if name in names},
        "langevin": {field: options[name] for field, name in moving.items() if name in names},
        "learn": {name: options[name] for name in LEARNING if name in names},
    }


config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="The config.json of a run: repeat it with "
    "its videos and settings. Other options on the command line replace settings.",
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator for several options, which are listed in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


reading_without_frames = together(
    click.option("--size", type=Size(), help="Resize pictures to 100 (a square) or WxH pixels "
                 "[default: larger ones shrink to about 100×100 pixels in proportion; recover and "
                 "extend: 150×150, inpaint: what the time budget allows]."),
    click.option("--start", type=click.IntRange(0), default=0, help="Number of the first frame to "
                 "read, counted from 0."),
    click.option("--fps", type=click.FloatRange(0.01, 1000), help="Resample to this many frames "
                 "per second."),
    click.option("--grey", is_flag=True, help="Read one channel of luma instead of colours."),
)

reading_options = together(
    click.option("--frames", type=click.IntRange(2), help="Number of frames to read from each "
                 "video [default: 70, or all if there are fewer; learn of actions: 32; inpaint: "
                 "all]."),
    reading_without_frames,
)

precision_option = click.option(
    "--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto",
    show_default=True, help="Precision of the products inside layers.",
)

model_options = together(
    click.option("--pattern", type=click.Choice(PATTERN_NAMES), default="scene",
                 show_default=True, help="The kind of pattern. A texture is stationary in space "
                 "and time (water), a scene in time only (fire in a pot), an action in neither (a "
                 "running animal)."),
    click.option("--preset", type=click.Choice(PRESET_NAMES),
                 help="The network, its reference and its settings. default: on coloured noise; "
                      "gaussian: on Gaussians; paper: those of the authors [default: default; for "
                      "actions: gaussian]."),
    click.option("--window", type=click.IntRange(2), help="Number of frames learned at once, from "
                 "random places of longer videos [default: 24; for actions: all]."),
    click.option("--sigma", type=float, help="The standard deviation σ of the reference N(0, σ²), "
                 "in grey levels; with --preset default, the noise ρ in deviations."),
    precision_option,
)

mask_options = together(
    click.option("--mask", type=click.Path(path_type=Path), help="The mask, in which white pixels "
                 "are missing: an image for all frames, a folder of images, a video, .npy, .npz or "
                 ".mat. A pixel is white if any channel (in a video: the luma) is above the middle "
                 "of 0..255; in palette images with colours, every label but 0 is white. Opacity "
                 "is ignored."),
    click.option("--box", metavar="X,Y,W,H", help="A box that is missing in every frame, in pixels "
                 "of the video file; it replaces --mask."),
    click.option("--invert-mask", "invert", is_flag=True, help="Black pixels of the mask are "
                 "missing, not white ones."),
    click.option("--dilate", type=click.IntRange(0), default=0, help="Number of pixels by which "
                 "the mask grows to each side."),
)

learning_options = together(
    click.option("--iterations", type=click.IntRange(0), help="Number of updates of the weights; 0 "
                 "learns nothing and keeps the reference alone."),
    click.option("--time-budget", type=Duration(), help="Time to learn, such as 90s, 10m or 1h "
                 "[default: 10m, unless --iterations is given]."),
    click.option("--chains", type=click.IntRange(1), help="Number of persistent chains per video."),
    click.option("--batch", type=click.IntRange(1), help="Number of videos per update."),
    click.option("--memory", type=Memory(), help="Largest memory to take, such as 4GB. Chains pass "
                 "the network in groups if all together need more; this is slower and has the same "
                 "result."),
    click.option("--learning-rate", type=float, help="Peak learning rate of Adam."),
    click.option("--tensorboard", is_flag=True, help="Also write events for TensorBoard, into the "
                 "folder tensorboard/ of the run."),
    click.option("--langevin-steps", type=click.IntRange(1), help="Number of Langevin steps per "
                 "update."),
    click.option("--step-size", type=float, help="Step size ε of a Langevin step, in grey levels; "
                 "in the default preset of learn, in deviations."),
)

seed_option = click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0,
                           show_default=True, help="Seed of all random numbers; the same seed "
                           "gives the same result.")

output_options = together(
    click.option("--format", "formats", type=Formats(), default="gif,mp4", show_default=True,
                 help="Formats of the videos to write: gif, mp4, png, npy."),
    click.option("--quiet", is_flag=True, help="Show no progress and no notes."),
    click.option("--json", "as_json", is_flag=True,
                 help="Print one JSON object on stdout: run, files, metrics."),
)

restoring_options = together(
    config_option,
    click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new "
                 "folder in runs/]."),
    click.option("--resume", is_flag=True, help="Continue the run in --out."),
    click.option("--estimate", type=click.Choice(["mean", "sample"]), help="What replaces missing "
                 "pixels. The mean has the smallest error; a sample keeps texture and motion "
                 "[default: sample; recover: mean]."),
    click.option("--window", type=click.IntRange(2), help="Number of frames learned at once "
                 "[default: 24]."),
    click.option("--sigma", type=float, help="The standard deviation σ of the reference N(0, σ²), "
                 "in grey levels."),
    precision_option,
    learning_options,
    seed_option,
    output_options,
)
