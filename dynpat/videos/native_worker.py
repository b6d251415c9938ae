"""The process in which tensorflow-io decodes; `dynpat.videos.native` starts it and talks to it.

It answers each line of JSON {"kind", "path"} with a line {"bytes"} and a .npy file of so many
bytes, with a line {"beyond"} for files that only Pillow reads correctly, or with a line {"error"}.
The first line says whether the decoders load.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import UnidentifiedImageError

from dynpat.videos.limits import opened_image, require_pixels

COLOURS = ({"R", "G", "B"}, {"Y"})  # the sets of channels of an EXR file that make a picture
ORIENTATION = 0x0112  # the EXIF tag in which cameras store which side is up
MAGIC = {"exr": b"\x76\x2f\x31\x01", "hdr": b"#?"}  # their decoders crash on other files


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries must not print into the answers
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf
        import tensorflow_io as tfio

        image = tfio.experimental.image
        image.decode_pnm(b"P5 1 1 255 \x07")
    except Exception as error:  # the library raises errors of any class
        _say(answers, {"error": type(error).__name__})
        return
    _say(answers, {"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            path = Path(request["path"])
            if request["kind"] not in MAGIC and beyond(path):
                _say(answers, {"beyond": True})
                continue
            picture = decode(image, tf, request["kind"], path)
        except Exception as error:
            _say(answers, {"error": str(error).splitlines()[0].rsplit("}}", 1)[-1].strip()[:200]})
            continue
        buffer = io.BytesIO()
        np.save(buffer, picture, allow_pickle=False)
        _say(answers, {"bytes": buffer.getbuffer().nbytes}, buffer.getvalue())


def beyond(path: Path) -> bool:
    """Return whether an image has content that native decoders drop or do not survive.

    They give 8 bit and the first picture without a word about the rest; Pillow's reader tells.
    Files that Pillow does not know at all are left to them.
    """
    try:
        with opened_image(path) as header:
            plain = header.mode in ("L", "RGB", "RGBA") and getattr(header, "n_frames", 1) == 1
            return not plain or header.getexif().get(ORIENTATION, 1) != 1
    except UnidentifiedImageError:
        return False
    except Exception:  # Pillow raises the same error again where the user sees it
        return True


def decode(image: Any, tf: Any, kind: str, path: Path) -> np.ndarray:
    """Return one picture (H, W, C) as its decoder gives it."""
    data = path.read_bytes()
    if not data.startswith(MAGIC.get(kind, b"")):
        raise ValueError(f"it is no {kind.upper()} file")
    if kind == "hdr" and (said := re.search(rb"[-+]Y (\d+) [-+]X (\d+)", data[:4096])):
        require_pixels(path, int(said[1]), int(said[2]))
    if kind != "exr":
        return np.asarray(getattr(image, f"decode_{kind}")(data).numpy())
    shape, kinds, names = (part.numpy()[0] for part in image.decode_exr_info(data))
    require_pixels(path, int(shape[0]), int(shape[1]))
    known = {name.decode(): tf.dtypes.as_dtype(int(own)) for name, own in zip(names, kinds,
                                                                             strict=True)}
    for wanted in COLOURS:
        if wanted <= set(known):
            return np.stack([
                image.decode_exr(data, 0, name, known[name]).numpy().astype(np.float32)
                for name in sorted(wanted, key="RGBY".index)
            ], axis=-1)
    raise ValueError(f"its channels are {', '.join(known)}; R, G and B, or Y, are read")


def _say(answers: BinaryIO, values: dict[str, Any], data: bytes = b"") -> None:
    answers.write(json.dumps(values).encode() + b"\n" + data)
    answers.flush()


if __name__ == "__main__":
    main()
