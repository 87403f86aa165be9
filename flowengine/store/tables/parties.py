"""The tables of parties: their contacts, and who acts for whom."""
