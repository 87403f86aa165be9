"""Who may do what, and who is who: the permission table (L4) and exact identities (L15)."""
