"""The tables of what is known of customers."""
