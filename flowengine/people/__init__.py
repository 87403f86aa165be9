"""Who may do what, and who is who.

Others take from here: ``permissions`` (the one table that each verb asks, L4), ``identities`` (what an id is, L15),
``contacts`` (what a way to a person is), ``browsers`` (where somebody signs in) and ``likeness`` (who may be somebody
else's second id).
"""
