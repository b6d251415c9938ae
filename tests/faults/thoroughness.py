"""How much the tests of faults try: a part each day, all of it before a release."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("DYNPAT_THOROUGH"))
