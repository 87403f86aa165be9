"""Who may do what, and who is who.

Others take from here: ``permissions`` (the one table that each verb asks, L4), ``identities`` (what an id is, L15) and
``contacts`` (what a way to a person is).
"""
