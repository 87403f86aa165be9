"""The kinds are tried in whole jobs, on the same rehearsal as the rest of the core."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
