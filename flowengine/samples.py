"""Where the sample processes and the examples are, in a checkout and in an installed package.

They have one home each, ``processes/`` and ``examples/`` of the project; building a wheel puts these folders, or what
``flow demo`` tells of them, into the package.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from flowengine.errors import NotFound

_PACKAGE = Path(__file__).parent
_EXAMPLES = "flowengine_examples"
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


def example(name: str) -> ModuleType:
    """A module of the examples, as ``bespoke_suit.mill`` or ``club.demo``."""
    if _EXAMPLES not in sys.modules:
        folder = _HOME / "examples"
        spec = spec_from_file_location(_EXAMPLES, folder / "__init__.py", submodule_search_locations=[str(folder)])
        assert spec is not None, "a file path always has a loader"
        assert spec.loader is not None, "a file path always has a loader"
        package = module_from_spec(spec)
        sys.modules[_EXAMPLES] = package
        spec.loader.exec_module(package)
    return import_module(f"{_EXAMPLES}.{name}")
