"""What past jobs say of those to come: when an open job will be finished, and what to order today. Pure (L7), over
plain rows: no database, no clock, no chance; what is learnt are whole numbers that are added in any order.

``expecting`` (when a job will be finished, as a range, from where it stands) with ``survival`` (how long something
still takes, from how long it took) and ``calibrating`` (ranges kept honest as jobs end); ``ordering`` (what to order
today, and why) with ``notice`` (how long before its use something is chosen) and ``intermittent`` (what is asked for a
day).
"""
