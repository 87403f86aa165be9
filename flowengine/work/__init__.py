"""Due work: service calls and timers, taken, run outside any transaction, settled and tried again (L10, L11).

Others take from here: ``services`` (calls: taken, run, judged), ``ending`` (the one way in which a call ends),
``together`` (many written in one transaction), ``due`` (one pass over what is due), ``foresight`` (promises at risk),
``house`` (files: looked at, and deleted), ``external`` (workers over HTTP) and ``completing`` (calls that end later, by
their tokens).
"""
