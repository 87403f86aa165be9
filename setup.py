"""Puts the sample processes and the tailor's shop into the wheel; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["flowengine*"]), "flowengine.processes", "flowengine.examples.bespoke_suit"],
    package_dir={
        "flowengine.processes": "processes",
        "flowengine.examples.bespoke_suit": "examples/bespoke_suit",
    },
    package_data={
        "flowengine": ["py.typed", "**/*.json", "**/*.yaml", "store/migrations/**/*"],
        "flowengine.processes": ["*.yaml"],
        "flowengine.examples.bespoke_suit": ["*.md"],
    },
)
