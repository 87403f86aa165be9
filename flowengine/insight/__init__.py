"""What all jobs have taught (M7): pure, over the histories of jobs and over what was counted of them.

A history is folded to what it says of choices, waits and opinions (``life``); that is counted in cells, which hold
nothing of anybody (``cells``); and of these is told only what is of enough customers (``withholding``).

Others take from here: ``life``, ``cells`` and ``withholding``.
"""
