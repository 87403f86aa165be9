"""The desk: all that customers, staff and operators ask of flows, in parts, one a noun."""

from __future__ import annotations

from flowengine.client.desk.face import Desk

__all__ = ["Desk"]
