"""Read and write videos: files, GIFs and folders of frames as arrays of grey levels."""

from __future__ import annotations

from dynpat.videos.arrays import as_videos
from dynpat.videos.batch import read_videos
from dynpat.videos.finding import find_videos
from dynpat.videos.levels import to_levels
from dynpat.videos.model import IMAGE_ENDINGS, VIDEO_ENDINGS, Video, parse_size
from dynpat.videos.reading import read_video
from dynpat.videos.writing import parse_formats, write_image, write_outputs, write_video

__all__ = [
    "IMAGE_ENDINGS",
    "VIDEO_ENDINGS",
    "Video",
    "as_videos",
    "find_videos",
    "parse_formats",
    "parse_size",
    "read_video",
    "read_videos",
    "to_levels",
    "write_image",
    "write_outputs",
    "write_video",
]
