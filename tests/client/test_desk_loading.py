"""What is loaded for a desk."""

from __future__ import annotations

import subprocess
import sys


def test_a_desk_far_from_the_database_loads_nothing_of_it() -> None:
    """Who asks a server does not wait for the libraries of databases to be read."""
    program = "import sys, flowengine.client.remote, flowengine.outside.http\nprint('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
