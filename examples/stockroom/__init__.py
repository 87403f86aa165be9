"""A shop that keeps cloth, and orders it by what its customers have chosen."""
