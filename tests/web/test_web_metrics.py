"""GET /metrics: figures for Prometheus, for whoever shows a token of the right scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from served_app import Door


def test_figures_are_for_holders_of_a_token_only(door: Door) -> None:
    """A token of the scope metrics or operator reads them; without one, or with a worker's, they are not told (L4)."""
    door.engine.start("ordering", by="ada", need={"metres": 3})
    allowed = door.engine.issue_token("metrics", "prometheus").token
    told = door.client.get("/metrics", headers={"authorization": f"Bearer {allowed}"})
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'flow_open_jobs{process="ordering"} 1.0' in told.text
    assert 'flow_commands_total{command="Start"} 1.0' in told.text
    assert door.client.get("/metrics").status_code == 401
    assert door.client.get("/metrics", headers={"authorization": f"Bearer {door.token}"}).status_code == 403
