"""Handlers from where a command line names them: ``module:attribute``; and services for which there are none."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowengine.commands.unserved import unserved as all_unserved
from flowengine.errors import HandlerMissing
from flowengine.runtime.handlers import Handler

if TYPE_CHECKING:
    from flowengine.engine import Engine


def load_handlers(reference: str) -> dict[str, Handler]:
    """The handlers that ``module:attribute`` names: a mapping of names to functions, or one function under its name.

    The current directory is looked in as well, as Python itself would for a script there. Raises HandlerMissing,
    whatever the module raised.
    """
    module_name, _, attribute = reference.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(module_name)
        for name in (attribute or "HANDLERS").split("."):
            found = getattr(found, name)
    except (Exception, SystemExit) as error:  # a module may raise anything when it is imported, and may want to exit
        raise HandlerMissing(
            f"{reference!r} cannot be loaded: {_words(error)}",
            where=reference,
            possible=("module:mapping, as in my_shop.handlers:HANDLERS", "module:function"),
        ) from error
    if isinstance(found, Mapping) and all(callable(handler) for handler in found.values()):
        return dict(found)
    if callable(found):
        return {found.__name__: found}
    raise HandlerMissing(
        f"{reference!r} is neither a function nor a mapping of names to functions", where=reference, possible=()
    )


def unserved(engine: Engine) -> dict[str, list[str]]:
    """The handlers that the latest versions of the deployed processes call and that nobody here has
    (:mod:`flowengine.commands.unserved`)."""
    names = dict.fromkeys(row.name for row in engine.processes())
    return all_unserved(engine.shell, [engine.process(name) for name in names])


def _words(error: BaseException) -> str:
    """An error's words, and its kind where they do not speak for themselves."""
    if isinstance(error, ImportError | AttributeError | SyntaxError):
        return str(error)
    return f"{type(error).__name__}: {error}"
