"""One Langevin step of ours against the same network in plain Keras and in PyTorch.

    python benchmarks/langevin_step.py [--rounds 5] [--steps 4] [--cases scene,texture] [--json F]

Every form computes the same step (forward, gradient to the video, noise, update) with the same
weights of the preset 'paper'. The forms take turns in one process; medians are compared. PyTorch
is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynpat.devices import load_tensorflow, resolve_precision

tf = load_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from dynpat import langevin  # noqa: E402
from dynpat.models import PATTERNS, EnergyModel  # noqa: E402
from dynpat.models.layers import AllOfSpace, StridedConv3D  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

CASES: dict[str, tuple[str, tuple[int, ...]]] = {  # pattern, chains × T × H × W
    "texture": ("texture", (3, 56, 112, 112)),
    "scene100": ("scene", (3, 40, 100, 100)),
    "scene224": ("scene", (1, 70, 224, 224)),
    "action": ("action", (3, 40, 100, 100)),
}
STEP_SIZE = 0.3
Step = Callable[[int], None]  # runs so many Langevin steps to their end


def make(pattern: str, video: tuple[int, ...], precision: str) -> EnergyModel:
    _, frames, height, width = video
    return PATTERNS[pattern].from_preset(
        "paper", frames=frames, size=(height, width), precision=precision
    )


def ours(model: Any, video: np.ndarray) -> Step:
    start = tf.constant(video)

    def run(steps: int) -> None:
        float(tf.reduce_sum(langevin.sample(model, start, steps, STEP_SIZE, seed=1)))

    return run


def direct_energy(model: EnergyModel) -> Callable[[Any], Any]:
    """The network as the paper's authors wrote it: every layer a `keras.layers.Conv3D`."""
    layers: list[Any] = []
    shape: tuple[Any, ...] = (None, model.get_config()["frames"], *model.get_config()["size"],
                              model.get_config()["channels"])
    for layer in model.network:
        if isinstance(layer, StridedConv3D):
            made = [keras.layers.Conv3D(layer.filters, layer.kernel_size, layer.strides,
                                        padding=layer.padding, activation="relu")]
            weights = [np.array(weight) for weight in layer.get_weights()]
        elif isinstance(layer, AllOfSpace):
            made, weights = direct_all_of_space(layer, shape)
        else:
            made, weights = [layer], []
        for one in made:
            one.build(shape)
            shape = one.compute_output_shape(shape)
        if weights:
            made[-1].set_weights(weights)
        layers += made
    sigma = model.sigma

    def energy(video: Any) -> Any:
        features = video
        for layer in layers:
            features = layer(features)
        f = tf.reduce_sum(features, axis=list(range(1, len(features.shape))))
        return tf.reduce_sum(tf.square(video), axis=[1, 2, 3, 4]) / (2 * sigma**2) - f

    return energy


def direct_all_of_space(
    layer: AllOfSpace, shape: tuple[Any, ...]
) -> tuple[list[Any], list[np.ndarray]]:
    """A padding in time and a Conv3D over the whole height and width."""
    _, frames, height, width, channels = shape
    taps, filters = layer.kernel_frames, layer.filters
    count = -(-frames // layer.stride)
    total = max((count - 1) * layer.stride + taps - frames, 0)
    kernel, bias = (np.array(weight) for weight in layer.get_weights())
    kernel = kernel.reshape(taps, filters, height, width, channels).transpose(0, 2, 3, 4, 1)
    made = [
        keras.layers.ZeroPadding3D(((total // 2, total - total // 2), (0, 0), (0, 0))),
        keras.layers.Conv3D(filters, (taps, height, width), (layer.stride, 1, 1),
                            activation="relu"),
    ]
    return made, [kernel, bias]


def torch_step(model: EnergyModel, video: np.ndarray, dtype: Any, channels_last: bool) -> Step:
    """The same network in PyTorch, (N, C, T, H, W)."""
    kind = torch.channels_last_3d if channels_last else torch.contiguous_format
    layers: list[Callable[[Any], Any]] = []
    shape: tuple[Any, ...] = video.shape
    for layer in model.network:
        if isinstance(layer, StridedConv3D):
            layers.append(torch_convolution(layer, shape, dtype, kind))
        elif isinstance(layer, AllOfSpace):
            layers.append(torch_all_of_space(layer, shape, dtype, kind))
        else:
            layers.append(torch_dense(layer, dtype))
        shape = layer.compute_output_shape(shape)
    start = torch.tensor(video).permute(0, 4, 1, 2, 3).contiguous(memory_format=kind)

    def run(steps: int) -> None:
        current = start
        for _ in range(steps):
            held = current.detach().requires_grad_(True)
            features = held.to(dtype)
            for layer in layers:
                features = layer(features)
            energy = held.square().sum() / (2 * model.sigma**2) - features.float().sum()
            (gradient,) = torch.autograd.grad(energy, held)
            noise = STEP_SIZE * torch.randn_like(held)
            current = held.detach() - 0.5 * STEP_SIZE**2 * gradient + noise
        float(current.sum())

    return run


def torch_weights(kernel: np.ndarray, bias: np.ndarray, dtype: Any, kind: Any) -> tuple[Any, Any]:
    kernel = torch.tensor(kernel.transpose(4, 3, 0, 1, 2)).to(dtype).contiguous(memory_format=kind)
    return kernel, torch.tensor(bias).to(dtype)


def torch_convolution(layer: Any, shape: tuple[Any, ...], dtype: Any, kind: Any) -> Any:
    weights = torch_weights(*(np.array(w) for w in layer.get_weights()), dtype, kind)
    padding: list[int] = []
    for length, k, s in zip(shape[3:0:-1], layer.kernel_size[::-1], layer.strides[::-1],
                            strict=True):
        total = max((-(-length // s) - 1) * s + k - length, 0)
        padding += [total // 2, total - total // 2]
    pad, conv3d = torch.nn.functional.pad, torch.nn.functional.conv3d
    return lambda x: torch.relu(conv3d(pad(x, padding), *weights, stride=layer.strides))


def torch_all_of_space(layer: Any, shape: tuple[Any, ...], dtype: Any, kind: Any) -> Any:
    (padding, convolution), weights = direct_all_of_space(layer, shape)
    kernel, bias = torch_weights(*weights, dtype, kind)
    before, after = padding.padding[0]
    pad, conv3d = torch.nn.functional.pad, torch.nn.functional.conv3d
    return lambda x: torch.relu(
        conv3d(pad(x, (0, 0, 0, 0, before, after)), kernel, bias, stride=convolution.strides)
    )


def torch_dense(layer: Any, dtype: Any) -> Any:
    """Fully connected, without activation: the last of the action network."""
    kernel, bias = (torch.tensor(np.array(weight)).to(dtype) for weight in layer.get_weights())
    return lambda x: x.permute(0, 2, 3, 4, 1).flatten(1) @ kernel + bias


def useful_flops(model: EnergyModel, video: tuple[int, ...]) -> list[float]:
    """Of each convolution, forward and gradient to its input: 2 · 2 · outputs · taps."""
    shape: tuple[Any, ...] = (*video, 3)
    flops = []
    for layer in model.network:
        after = layer.compute_output_shape(shape)
        if isinstance(layer, StridedConv3D):
            taps = math.prod(layer.kernel_size) * shape[-1]
        elif isinstance(layer, AllOfSpace):
            taps = layer.kernel_frames * math.prod(shape[2:])
        else:
            taps = math.prod(shape[1:])
        flops.append(4.0 * math.prod(after) * taps)
        shape = after
    return flops


def median_seconds(forms: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median time of each form; they take turns, after one warm-up each."""
    times: dict[str, list[float]] = {name: [] for name in forms}
    for number in range(rounds + 1):
        for name, form in forms.items():
            began = time.perf_counter()
            form()
            if number:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def matmul_rate(dtype: str, rounds: int, size: int = 4096) -> float:
    """Multiply-adds of a dense matrix product, in FLOP/s."""
    matrix = tf.cast(tf.random.stateless_normal((size, size), [1, 2]), dtype)
    product = tf.function(lambda a: tf.reduce_sum(tf.cast(tf.matmul(a, a)[:1], tf.float32)))
    return 2 * size**3 / median_seconds({"": lambda: float(product(matrix))}, rounds)[""]


def first_layer_seconds(model: EnergyModel, video: np.ndarray, rounds: int) -> float:
    """Forward and input gradient of the first layer alone."""
    layer, start = model.network[0], tf.constant(video)

    @tf.function
    def step(start: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(start)
            features = layer(start)
        return tf.reduce_sum(tape.gradient(features, start)[0, 0])

    return median_seconds({"": lambda: float(step(start))}, rounds)[""]


def measure(case: str, rounds: int, steps: int, rates: dict[str, float]) -> dict[str, Any]:
    pattern, shape = CASES[case]
    video = np.random.default_rng(0).normal(0, 30, (*shape, 3)).astype(np.float32)
    precision = resolve_precision("auto")
    models = {p: make(pattern, shape, p) for p in ("float32", precision)}
    models[precision].set_weights(models["float32"].get_weights())
    forms = {f"ours {name}": ours(model, video) for name, model in models.items()}
    forms["Keras float32"] = ours(direct_energy(models["float32"]), video)
    if torch is not None:
        plain = models["float32"]
        forms |= {
            "PyTorch float32": torch_step(plain, video, torch.float32, False),
            "PyTorch float32 channels-last": torch_step(plain, video, torch.float32, True),
            "PyTorch bfloat16 channels-last": torch_step(plain, video, torch.bfloat16, True),
        }
    seconds = median_seconds({n: lambda f=f: f(steps) for n, f in forms.items()}, rounds)
    seconds = {name: value / steps for name, value in seconds.items()}
    best = min(seconds[f"ours {p}"] for p in models)
    flops = useful_flops(models["float32"], shape)
    first = first_layer_seconds(models[precision], video, rounds)
    peers = [value for name, value in seconds.items() if name.startswith("PyTorch")]
    return {
        "case": case, "video": shape, "precision": precision, "seconds": seconds,
        "ours_over_keras": seconds["Keras float32"] / seconds[f"ours {precision}"],
        "float32_over_keras": seconds["Keras float32"] / seconds["ours float32"],
        "ours_over_best_torch": min(peers) / seconds[f"ours {precision}"] if peers else None,
        "useful_flops": sum(flops), "share_of_matmul_rate": sum(flops) / best / rates[precision],
        "first_layer_share": flops[0] / first / rates[precision],
    }


def table(result: dict[str, Any]) -> str:
    """A case in a few lines."""
    lines = [f"{result['case']}  {' × '.join(map(str, result['video']))}"]
    lines += [f"  {n:<34}{1000 * s:9.0f} ms a step" for n, s in result["seconds"].items()]
    torch_ratio = result["ours_over_best_torch"]
    lines.append(
        f"  {result['ours_over_keras']:.2f} × as fast as Keras "
        f"({result['float32_over_keras']:.2f} in float32), "
        + (f"{torch_ratio:.2f} × the best PyTorch; " if torch_ratio else "PyTorch not installed; ")
        + f"{100 * result['share_of_matmul_rate']:.0f} % of the matrix-product rate, "
        f"first layer {100 * result['first_layer_share']:.0f} %"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="Langevin steps in a round")
    parser.add_argument("--cases", default=",".join(CASES), help="of " + ", ".join(CASES))
    parser.add_argument("--json", type=Path, default=Path("langevin_step.json"))
    options = parser.parse_args()
    rates = {dtype: matmul_rate(dtype, options.rounds) for dtype in ("float32", "bfloat16")}
    for dtype, rate in rates.items():
        print(f"matrix product, {dtype}: {rate / 1e9:.0f} GFLOP/s", flush=True)
    results = []
    for case in options.cases.split(","):
        results.append(measure(case, options.rounds, options.steps, rates))
        print(table(results[-1]), flush=True)
    options.json.write_text(json.dumps({"matmul_rates": rates, "results": results}, indent=1))


if __name__ == "__main__":
    main()
