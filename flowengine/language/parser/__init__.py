"""The parser: nodes of a YAML file to the frozen values of :mod:`flowengine.language.model`.

Every key of the language stands in one table with its shape and its description (``process.py``, ``state_types.py``,
``composites.py``). The parser reads by these tables, and the JSON Schema for editors is made from them.
"""

from flowengine.language.parser.codes import CODES
from flowengine.language.parser.process import read_process
from flowengine.language.parser.schema import make_schema

__all__ = ["CODES", "make_schema", "read_process"]
