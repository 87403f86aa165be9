"""What flowengine is called where it is installed, and what its command says where another's files are in its place."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import flowengine
from flowengine import distribution

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ALONE = """
import sys
from pathlib import Path
here = sys.argv.pop(1)
sys.path = [here, *(one for one in sys.path if not (Path(one or ".") / "flowengine").exists())]
from flowengine.cli import main
main()
"""
OTHER = 'raise ImportError("this is another project\'s")\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder into which flowengine was installed, as in an environment."""
    shutil.copytree(ROOT / "flowengine", tmp_path / "flowengine", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def flow(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``flow`` as it is installed there."""
    return subprocess.run(
        [sys.executable, "-c", ALONE, str(site), *words], capture_output=True, text=True, cwd=site, check=False
    )


def add_the_other(site: Path) -> None:
    """Put what the other distribution called flowengine installs over and beside the files that are there."""
    (site / "flowengine-0.6.0.dist-info").mkdir()
    (site / "flowengine/errors").mkdir()
    (site / "flowengine/errors/__init__.py").write_text(OTHER)
    (site / "flowengine/core/__init__.py").write_text(OTHER)
    (site / "flowengine/__init__.py").write_text('__version__ = "0.6.0"\n')


def test_a_whole_installation_works(site: Path) -> None:
    """Where nothing is mixed, the command tells its version and the distribution's name."""
    done = flow(site, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"flowengine {flowengine.__version__} (distribution needflow)\n"


def test_another_distribution_in_its_place_is_told(site: Path) -> None:
    """Beside the other distribution called flowengine, the command says so, and what to uninstall."""
    add_the_other(site)
    done = flow(site, "inbox", "--as", "ada")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the distribution flowengine-0.6.0 shares a folder with needflow" in done.stderr
    assert "pip uninstall flowengine, then pip install --force-reinstall needflow-" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_distribution_is_told_to_programs(site: Path) -> None:
    """With --json, it is told as one document, like any error."""
    add_the_other(site)
    done = flow(site, "inbox", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert told["where"] == str(site / "flowengine")
    assert told["possible"][0] == "pip uninstall flowengine"


def test_files_that_the_other_took_away_are_told(site: Path) -> None:
    """Uninstalling the other distribution removes files of both; the command says how to get them back."""
    (site / "flowengine/__init__.py").unlink()
    (site / "flowengine/core/__init__.py").unlink()
    done = flow(site, "inbox", "--as", "ada")
    assert done.returncode == 1
    assert "files of needflow are missing: __init__.py, core/__init__.py" in done.stderr
    assert "possible: pip install --force-reinstall needflow-" in done.stderr


def test_the_distribution_has_one_name() -> None:
    """The name in the code is the one by which it is built, and every extra that an error names is there."""
    assert PROJECT["name"] == distribution.NAME
    assert flowengine.__version__ == distribution.__version__
    named = set()
    for file in (ROOT / "flowengine").rglob("*.py"):
        named |= set(re.findall(r'installing\("([a-z]+)"\)', file.read_text(encoding="utf-8")))
    assert {"http", "postgres", "web"} <= named <= set(PROJECT["optional-dependencies"])
    assert distribution.installing("http") == "pip install 'needflow[http]'"


def test_nothing_says_to_install_the_other() -> None:
    """No page and no text of the program tells anybody to install the distribution that is another project's."""
    files = [
        found
        for folder in ("flowengine", "docs", "examples", "processes")
        for found in (ROOT / folder).rglob("*")
        if found.is_file() and found.suffix not in (".pyc", ".ttf", ".png")
    ]
    for file in [*files, ROOT / "README.md", ROOT / "pyproject.toml"]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"pip install[^\n]*['\" ]flowengine\b|flowengine\[\w", text), file
