"""The errors that dynpat raises on purpose; each message is a sentence that says what to do."""

from __future__ import annotations


class DynpatError(Exception):
    """The base class of all errors that a user can cause and mend.

    The message is one sentence: what is wrong, where, what was expected, what to do. `exit_code` is
    the exit status of the command line: 2 for wrong usage, 1 for a run that failed.
    """

    exit_code: int = 2


class BadVideoError(DynpatError):
    """A video cannot be read, or does not have the frames, size or rate that were asked for."""


class BadMaskError(DynpatError):
    """A mask cannot be read, or does not fit its video."""


class BadOptionError(DynpatError):
    """An option is out of its range, or contradicts another option."""


class BadRunError(DynpatError):
    """A folder is not a run of dynpat, is damaged, or is in use by another process."""


class OutputError(DynpatError):
    """A result could not be written, because the disk is full or access is denied."""

    exit_code = 1


class DivergedError(DynpatError):
    """Learning or sampling left the range of sane numbers and could not be brought back."""

    exit_code = 1


class ClusterError(DynpatError):
    """Another process of a cluster that learns together has ended."""

    exit_code = 1
