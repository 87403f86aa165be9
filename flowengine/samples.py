"""Where the sample processes and the tailor's shop are, in a checkout and in an installed package.

They have one home each, ``processes/`` and ``examples/bespoke_suit/`` of the project; building a wheel puts these
folders into the package.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from flowengine.errors import NotFound

_PACKAGE = Path(__file__).parent
_HOME = _PACKAGE if (_PACKAGE / "processes").is_dir() else _PACKAGE.parent


def process_names() -> list[str]:
    """The names of the sample processes, in order."""
    return sorted(path.stem for path in (_HOME / "processes").glob("*.yaml"))


def process_file(name: str) -> Path:
    """The file of a sample process. Raises NotFound, which lists those there are."""
    known = process_names()
    if name not in known:
        raise NotFound(f"there is no sample process {name[:60]!r}", where=name[:60], possible=known)
    return _HOME / "processes" / f"{name}.yaml"


def suit_shop() -> ModuleType:
    """The package of the tailor's shop, with its modules ``mill`` and ``handlers`` and the story ``tell``."""
    name = "flowengine_bespoke_suit"
    if name not in sys.modules:
        folder = _HOME / "examples" / "bespoke_suit"
        spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
        assert spec is not None, "a file path always has a loader"
        assert spec.loader is not None, "a file path always has a loader"
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
