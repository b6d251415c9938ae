"""Find the videos below a path."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dynpat.errors import BadVideoError
from dynpat.videos.limits import opened_image
from dynpat.videos.model import ENDINGS_SENTENCE, IMAGE_ENDINGS, VIDEO_ENDINGS, in_order

PathLike = str | os.PathLike[str]


def frame_files(folder: Path) -> list[Path]:
    """List the frame images that lie directly in a folder, naturally sorted.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Returns
    -------
    list of Path
        The images; hidden files are left out, and the list is empty if there is none.
    """
    return [entry for entry in _entries(folder) if is_image(entry)]


def find_videos(path: PathLike, *more: PathLike) -> list[Path]:
    """Find the videos at or below one or several paths.

    Parameters
    ----------
    path, *more : path
        Each is a video file, a frame folder, or a folder that is searched recursively. A folder
        that directly contains images is one video and is not searched further. Run folders below a
        path are left out.

    Returns
    -------
    list of Path
        Video files and frame folders, naturally sorted within each path; a video that is reached
        twice is listed once.

    Raises
    ------
    BadVideoError
        If a path does not exist, cannot be read, or has no video below it.
    """
    return [source for source, _ in find_labelled([path, *more])]


def find_labelled(paths: list[PathLike]) -> list[tuple[Path, str]]:
    """Find videos as `find_videos` does, each with its label.

    Parameters
    ----------
    paths : list of path
        The paths, as in `find_videos`.

    Returns
    -------
    list of (Path, str)
        Each video and its label: the first folder below the searched path, "" at its top level.

    Raises
    ------
    BadVideoError
        If a path does not exist, cannot be read, or has no video below it.
    """
    if not paths:
        raise BadVideoError("No video was named; give a video file or a folder of videos.")
    found: dict[Path, tuple[Path, str]] = {}
    for path in paths:
        root = Path(path)
        for source in _find_below(root):
            folders = source.relative_to(root).parts[:-1]
            found.setdefault(source.resolve(), (source, folders[0] if folders else ""))
    return list(found.values())


def _find_below(root: Path) -> list[Path]:
    """Return the videos of one path, with the checks of `find_videos`."""
    require_file_name(root)
    try:
        if not root.exists():
            raise BadVideoError(f"'{root}' does not exist; check the spelling of the path.")
        if root.is_dir():
            return _search_root(root)
    except OSError as error:
        raise BadVideoError(
            f"'{root}' cannot be read ({error.strerror}); check the path and its permissions."
        ) from error
    if is_image(root) and pictures_in(root) > 1:
        return [root]
    if is_image(root):
        raise BadVideoError(
            f"'{root}' is a single picture; give the folder that holds the frames, or a video."
        )
    if root.suffix.lower() not in VIDEO_ENDINGS:
        raise BadVideoError(
            f"'{root}' has an ending that is not read; {ENDINGS_SENTENCE}. "
            "Convert the file to one of them."
        )
    return [root]


def pictures_in(path: Path) -> int:
    """Return how many pictures an image file has; 1 if that cannot be told."""
    try:
        with opened_image(path) as image:
            return int(getattr(image, "n_frames", 1))
    except Exception:  # a broken file raises many errors in Pillow; the reader reports them better
        return 1


def require_file_name(path: Path) -> None:
    """Refuse a network address, and a name that cannot be written down or shown.

    Raises
    ------
    BadVideoError
        If it is one; the message has the address, or the bytes of the name.
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        raise BadVideoError(
            f"'{str(path).replace(':/', '://', 1)}' is an address on the network, and nothing is "
            "read from there; download the video first."
        )
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        raise BadVideoError(
            f"The file name {os.fsencode(path)!r} is not UTF-8; rename the file."
        ) from None


def _search_root(root: Path) -> list[Path]:
    """Return the videos below a folder, or raise an error that says why there is none."""
    found = _search(root, seen=set())
    if found:
        return found
    what = "holds no video" if any(root.iterdir()) else "is an empty folder"
    raise BadVideoError(f"'{root}' {what}; {ENDINGS_SENTENCE}. Give another path.")


def _search(folder: Path, seen: set[Path]) -> list[Path]:
    """Return the videos below a folder in natural order; `seen` stops circles of symbolic links."""
    if folder.resolve() in seen:
        return []
    seen.add(folder.resolve())
    entries = _entries(folder)
    images = [entry for entry in entries if is_image(entry)]
    videos = [entry for entry in entries if _is_video(entry)]
    if images and videos:
        # Either choice would silently leave out something that the user may mean.
        raise BadVideoError(
            f"'{folder}' holds both videos ('{videos[0].name}') and pictures "
            f"('{images[0].name}'), so it is not clear whether it is one video; name the "
            "video files themselves, or move the pictures to a folder of their own."
        )
    if images:
        return [folder]
    found: list[Path] = []
    for entry in entries:
        if entry.is_dir() and not _is_run(entry):
            found += _search(entry, seen)
        elif entry in videos:
            found.append(entry)
    return found


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a run of dynpat; what a run made is no observed video."""
    return (folder / "config.json").is_file() and (folder / "checkpoints").is_dir()


def _entries(folder: Path) -> list[Path]:
    """Return everything in a folder that is not hidden, naturally sorted."""
    visible = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    for entry in visible:
        require_file_name(entry)
    by_name = {entry.name: entry for entry in visible}
    return [by_name[name] for name in in_order(list(by_name))]


def is_image(path: Path) -> bool:
    """Return whether a path is a file with the ending of a picture."""
    return path.suffix.lower() in IMAGE_ENDINGS and path.is_file()


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_ENDINGS and path.is_file()
