"""The parser: nodes of a YAML file to the frozen values of :mod:`flowengine.language.model`.

Every key of the language stands in one table with its shape and its description: those of the whole in ``process.py``,
those of a type of states with the type (:mod:`flowengine.language.types`). The parser reads by these tables, and the
JSON Schema for editors is made from them. ``process.py`` is the way in.
"""
