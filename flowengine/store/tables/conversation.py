"""The tables of conversations: messages, and the files that belong to them."""
