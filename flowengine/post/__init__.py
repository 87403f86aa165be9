"""What goes out and what comes in: the outbox and what its rows become, letters to people, signed messages."""
