"""How something is told to a reader: in his language, in his zone, with his plurals. Views, pages, letters speak by it.

English texts stand where they are said, and are the keys of the catalogues (``<language>.po``, beside this file), which
are read as they are: there is nothing to compile. Others take from here: ``words`` (``Words``, in which views are
told), ``readers`` (whose words those are), ``phrases`` (what is said before it is known who reads), ``languages``
(those that there are), ``spoken_time`` and ``money`` (English days, moments and prices); and, in the three files that
import Babel, ``catalogues`` (texts, and which of them are missing), ``telling`` (other languages; moments, days, spans,
numbers and prices of pages), ``hearing`` (numbers as readers write them).
"""
