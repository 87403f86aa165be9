"""Processes for other eyes and programs.

Others take from here: ``drawing`` (pictures in SVG and PNG), ``mermaid`` and ``text_tree`` (as text), ``labels`` (how
they name things), ``differences`` (between two versions), ``agreement`` (what a partner is promised of one), ``plots``
(bars and lines), ``csv_text`` (tables as CSV), ``people_files`` and ``vcards`` (people from and to files),
``stock_files`` (a stock from a file), ``ical`` (appointments for calendar programs), and ``theme`` (the house's
colours).
"""
