"""flowengine over HTTP: for workers in other languages, for completions and messages from outside, for operators."""

from flowengine.web.app import make_app

__all__ = ["make_app"]
