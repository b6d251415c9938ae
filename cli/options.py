"""Option types and the options that subcommands share."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from dynpat.config import PATTERN_NAMES, PRESET_NAMES

Command = TypeVar("Command", bound=Callable[..., Any])
BYTES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
READING = ("size", "frames", "start", "fps", "grey")
LEARNING = (
    "iterations", "time_budget", "chains", "batch", "memory", "learning_rate", "seed"
)
# What a resumed run may be given anew; of others only what it says already.
RESUMABLE = {"iterations", "time_budget", "out", "resume", "formats", "quiet", "as_json", "dry_run",
             "tensorboard", "strategy"}
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class Duration(click.ParamType):
    """Seconds, from 90, 90s, 10m, 1h30m."""

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
        if not math.isfinite(seconds):  # more digits than a float holds are infinite
            self.fail(f"{value!r} is not a time; write 90s, 10m or 1h30m.", param, ctx)
        return seconds


class Memory(click.ParamType):
    """Bytes, from 4GB, 500MB or 4e9."""

    name = "memory"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e\d+)?)\s*([kmgt]?)b?", value.strip().lower())
        amount = float(found[1]) * BYTES[found[2]] if found else math.nan
        if not math.isfinite(amount):  # 1e400 is more than a float holds
            self.fail(f"{value!r} is not an amount of memory; write 4GB or 500MB.", param, ctx)
        return int(amount)


class Parsed(click.ParamType):
    """What a parser of `dynpat.videos`, given by its name, makes of the text."""

    parser: str

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if isinstance(value, tuple):
            return value
        from dynpat import videos
        from dynpat.errors import DynpatError

        try:
            return getattr(videos, self.parser)(value)
        except DynpatError as error:
            self.fail(str(error), param, ctx)


class Size(Parsed):
    """(height, width), from 100 or WxH."""

    name = "size"
    parser = "parse_size"


class Formats(Parsed):
    """Names of formats, separated by commas."""

    name = "formats"
    parser = "parse_formats"


def said() -> set[str]:
    """Names of the options and arguments that the command line gives."""
    context = click.get_current_context()
    return {
        str(param.name) for param in context.command.params
        if context.get_parameter_source(str(param.name)) == ParameterSource.COMMANDLINE
        and (param.param_type_name == "option" or context.params[str(param.name)])
    }


def refuse(names: set[str], why: str) -> None:
    """A usage error about the first of some options or arguments that the command line gives."""
    given = said() & names
    for param in click.get_current_context().command.params:
        if param.name in given:
            what = param.opts[0] if param.param_type_name == "option" else param.name.upper()
            raise click.UsageError(f"{what} {why}")


def changes(options: dict[str, Any]) -> dict[str, Any]:
    """What the command line changes in a plan from --config, by the plan's parts."""
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
    "--config", type=click.Path(path_type=Path), help="config.json of a run to repeat: its videos "
    "and settings, but for what else is given.",
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, listed in the order given."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


reading_without_frames = together(
    click.option("--size", type=Size(), help="100 or WxH: resize to this many pixels [default: "
                 "about 100×100 in proportion, if larger; 150×150 to recover or extend]."),
    click.option("--start", type=click.IntRange(0), default=0, help="First frame."),
    click.option("--fps", type=click.FloatRange(0.01, 1000), help="Resample in time."),
    click.option("--grey", is_flag=True, help="One channel of luma instead of colours."),
)

reading_options = together(
    click.option("--frames", type=click.IntRange(2), help="Frames of each video [default: 70, or "
                 "all if fewer; all to inpaint]."),
    reading_without_frames,
)

model_options = together(
    click.option("--pattern", type=click.Choice(PATTERN_NAMES), default="scene",
                 show_default=True, help="texture: stationary in space and time (water); scene: "
                 "in time only (fire in a pot); action: in neither (a running animal)."),
    click.option("--preset", type=click.Choice(PRESET_NAMES),
                 help="Network, reference and settings; default: on coloured noise; gaussian: on "
                      "Gaussians; paper: the authors' [default: default; gaussian of actions]."),
    click.option("--window", type=click.IntRange(2), help="Frames learned at once, from random "
                 "places of longer videos [default: 24; all of actions]."),
    click.option("--sigma", type=float, help="σ of the reference N(0, σ²), in grey levels; of "
                 "the default preset the noise ρ, in deviations."),
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto",
                 show_default=True, help="Of the products inside layers."),
)

mask_options = together(
    click.option("--mask", type=click.Path(path_type=Path), help="What is missing, in white: an "
                 "image for all frames, a folder of images, a video, .npy, .npz or .mat. White is "
                 "above the middle of 0..255 in any channel (in a video: of the luma), of palette "
                 "images with colours every label but 0; opacity counts for nothing."),
    click.option("--box", metavar="X,Y,W,H", help="Instead of --mask: a box, in pixels of the "
                 "video's own size."),
    click.option("--invert-mask", "invert", is_flag=True, help="Black is missing."),
    click.option("--dilate", type=click.IntRange(0), default=0, help="Pixels by which the mask "
                 "grows."),
)

learning_options = together(
    click.option("--iterations", type=click.IntRange(0), help="Updates of the weights; 0: "
                 "none, the reference alone."),
    click.option("--time-budget", type=Duration(), help="Such as 90s, 10m, 1h [default: 10m, "
                 "unless --iterations is given]."),
    click.option("--chains", type=click.IntRange(1), help="Persistent chains per video."),
    click.option("--batch", type=click.IntRange(1), help="Videos per update."),
    click.option("--memory", type=Memory(), help="Such as 4GB: chains pass the network in groups "
                 "where all together would take more; same result, slower."),
    click.option("--learning-rate", type=float, help="Adam's peak step."),
    click.option("--tensorboard", is_flag=True, help="Also write events for TensorBoard, into the "
                 "run's folder tensorboard/."),
    click.option("--langevin-steps", type=click.IntRange(1), help="Langevin steps per update."),
    click.option("--step-size", type=float, help="ε of the Langevin steps, in grey levels "
                 "[default preset: in deviations]."),
)

seed_option = click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0,
                           show_default=True, help="Same seed, same result.")

output_options = together(
    click.option("--format", "formats", type=Formats(), default="gif,mp4", show_default=True,
                 help="Of the videos written: gif, mp4, png, npy."),
    click.option("--quiet", is_flag=True, help="No progress and no notes."),
    click.option("--json", "as_json", is_flag=True,
                 help="One JSON object on stdout: run, files, metrics."),
)

restoring_options = together(
    config_option,
    click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: a new "
                 "one in runs/]."),
    click.option("--resume", is_flag=True, help="Go on with the run in --out."),
    click.option("--estimate", type=click.Choice(["mean", "sample"]), help="mean: least error; "
                 "sample: full texture and motion [default: mean to recover, else sample]."),
    click.option("--window", type=click.IntRange(2), help="Frames learned at once [default: 24]."),
    click.option("--sigma", type=float, help="σ of the reference N(0, σ²), in grey levels."),
    click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto",
                 show_default=True, help="Of the products inside layers."),
    learning_options,
    seed_option,
    output_options,
)
