"""Processes for other eyes and programs.

Others take from here: ``mermaid`` and ``text_tree`` (pictures), ``labels`` (how they name things), ``differences``
(between two versions), ``people_files`` (people from and to files), and ``ical`` (appointments for calendar programs).
"""
