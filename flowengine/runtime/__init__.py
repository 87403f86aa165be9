"""What a running engine shares, below its commands: settings, handlers, compiled processes, who asks, who watches.

A handler that runs in a process of its own imports from here and nothing of the database, so nothing is imported here.
"""
