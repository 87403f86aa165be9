"""What goes out and what comes in: the outbox and what its rows become, letters to people, signed messages.

Others take from here: ``outbox`` (the post of one process, which delivers what is due) and ``hooks`` (signed messages
from outside).
"""
