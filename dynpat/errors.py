"""Every error that dynpat raises on purpose: one sentence, with the remedy in it."""

from __future__ import annotations


class DynpatError(Exception):
    """Base of all errors that a user can cause and mend.

    The message is one sentence: what is wrong, where, what was expected, what to do.
    `exit_code` is what the command line returns: 2 for a usage error, 1 for a failed run.
    """

    exit_code: int = 2


class BadVideoError(DynpatError):
    """A video cannot be read, or is not what was asked for."""


class BadMaskError(DynpatError):
    """A mask cannot be read, or does not fit its video."""


class BadOptionError(DynpatError):
    """An option is out of range or contradicts another one."""


class BadRunError(DynpatError):
    """A folder is not a run of dynpat, or is damaged, or is in use."""


class OutputError(DynpatError):
    """A result could not be written (disk full, no permission)."""

    exit_code = 1


class DivergedError(DynpatError):
    """Learning or sampling left the range of sane numbers and could not be brought back."""

    exit_code = 1


class ClusterError(DynpatError):
    """Another process of those that learn together is gone."""

    exit_code = 1
