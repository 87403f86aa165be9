"""One command, one transaction: the shell around the pure core, and every verb that changes something."""
