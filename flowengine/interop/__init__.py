"""Processes for other eyes and programs.

Others take from here: ``mermaid`` and ``text_tree`` (pictures), and ``labels`` (how they name things).
"""
