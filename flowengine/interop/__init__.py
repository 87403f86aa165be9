"""Processes for other eyes and programs.

Others take from here: ``mermaid`` and ``text_tree`` (pictures), ``labels`` (how they name things), and ``differences``
(between two versions).
"""
