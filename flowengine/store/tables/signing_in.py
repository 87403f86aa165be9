"""The tables of signing in: links, codes, sessions, and what people are known by."""
