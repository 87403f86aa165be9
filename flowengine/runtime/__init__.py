"""What a running engine shares, below its commands.

Others take from here: ``handlers`` (what an application's code is given and may answer), ``handler_threads`` (where it
runs), ``settings``, ``partners`` and ``ways_in`` (how people sign in), ``actors`` (who asks, and the world a process
may read), ``shown`` (whose a token is, and was a moment ago), ``catalogue`` (compiled processes), ``lanes`` (which
handlers external workers serve), ``observing`` and ``telemetry`` (who watches), ``waking`` (the hint that work is due),
``wanted`` (by which channels people are told) and ``secret``.

A handler that runs in a process of its own imports from here and nothing of the database, so nothing is imported here.
"""
