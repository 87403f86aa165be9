"""Expressions evaluated: the reader's tree compiled to closures once, exact numbers, a budget for each evaluation."""
