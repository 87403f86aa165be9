"""Whether another's package is in the place of this one: told first, for then any other import may fail.

The distribution called ``flowengine`` is another project's. It puts a package of the same name into the same folder:
installed together, each overwrites files of the other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flowengine.distribution import NAME

_PACKAGE = Path(__file__).parents[1]
_SHARED = ("__init__.py", "core/__init__.py")
"""Files that both packages have: they are gone once the other has been uninstalled."""


def stop_if_mixed() -> None:
    """Say what is wrong and leave with 1, where files of this package are another's or are missing."""
    others = sorted(path.name.removesuffix(".dist-info") for path in _PACKAGE.parent.glob("flowengine-*.dist-info"))
    missing = [name for name in _SHARED if not (_PACKAGE / name).is_file()]
    if others:
        what = f"the distribution {others[0]} shares a folder with {NAME}: each overwrites files of the other"
    elif missing:
        what = f"files of {NAME} are missing: {', '.join(missing)}"
    else:
        return
    where = str(_PACKAGE)
    possible = [*(["pip uninstall flowengine"] if others else []), f"pip install --force-reinstall {NAME}-….whl"]
    if "--json" in sys.argv:
        print(json.dumps({"error": "NotConfigured", "what": what, "where": where, "possible": possible}))
    else:
        print(f"Failed: {what}\n  where: {where}\n  possible: {', then '.join(possible)}", file=sys.stderr)
    sys.exit(1)
