"""What flowengine is called where distributions are installed: the name ``flowengine`` is another project's there."""

from __future__ import annotations

NAME = "needflow"
__version__ = "0.1.0"


def installing(extra: str) -> str:
    """The command that adds the libraries of an extra to what is installed; the distribution itself stays as it is."""
    return f"pip install '{NAME}[{extra}]'"
