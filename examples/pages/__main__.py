"""``python examples/pages fastapi|flask|django``: a host with the pages, on this machine alone, until Ctrl-C."""

from __future__ import annotations

import socket
import sys
from importlib import import_module
from tempfile import TemporaryDirectory

HOSTS = ("fastapi", "flask", "django")


def main(name: str) -> None:
    """Serve one host on a free port, with a database that goes with it."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listening:
        host = import_module(f"{name}_host").make_host(f"sqlite:///{folder}/flow.db")
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/login?who=ada", flush=True)
        if name == "flask":
            from werkzeug.serving import make_server

            make_server("127.0.0.1", 0, host, threaded=True, fd=listening.fileno()).serve_forever()
        else:
            import uvicorn

            uvicorn.Server(uvicorn.Config(host, log_level="warning")).run([listening])


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in HOSTS:
        raise SystemExit(f"Which host? {', '.join(HOSTS)}")
    main(sys.argv[1])
