"""A process tried out without being deployed: in memory, with people who are made up, and time that passes when it is
told to. Pure (L7): no database, no handlers, no clock.

Others take from here: ``trial`` (one job that is played), ``made_up`` (answers that nobody had to think of), ``lives``
(many jobs played by chance), ``ways_to_ends`` (how each end is reached), ``event_log`` and ``replay`` (whether a
process could have produced what a log says).
"""
