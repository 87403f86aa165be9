"""How something is told to a reader: in his language, in his zone, with his plurals. Pages and letters speak by it.

The one place that imports Babel. English texts stand where they are said, and are the keys of the catalogues
(``<language>.po``, beside this file), which are read as they are: there is nothing to compile. Others take from here:
``languages`` (which there are; without Babel), ``catalogues`` (texts, and which of them are missing), ``telling``
(moments, days, spans, numbers, prices), ``hearing`` (numbers as readers write them).
"""
