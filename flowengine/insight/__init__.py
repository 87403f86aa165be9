"""What all jobs have taught (M7), and what that says of those to come. Pure (L7): over the histories of jobs, over what
was counted of them, and over plain rows; what is learnt are whole numbers that are added in any order.

A history is folded to what it says of choices, waits and opinions (``life``); that is counted in cells, which hold
nothing of anybody (``cells``); and of these is told only what is of enough customers (``withholding``).

``expecting`` tells when a job will be finished, as a range, from where it stands, with ``survival`` (how long something
still takes, from how long it took) and ``calibrating`` (ranges kept honest as jobs end); ``ordering`` what to order
today, and why, from what is chosen and used (``pieces``), with ``notice`` (how long before its use something is chosen)
and ``intermittent`` (what is asked for a day).

Others take from here: ``life``, ``cells`` and ``withholding``; ``pieces``, ``ordering`` and ``notice``; ``trails``
(where a job stood, and when), ``expecting``, ``calibrating`` and ``learnt`` (what of that is kept in memory).
"""
