"""The pure core (L7): a process, a position and a command give events, effects and a new position.

Others take from here: ``advance`` (the heart), ``commands`` and ``events`` (what is asked, and what happened),
``position``, ``draft`` and ``values`` (where a job stands, and that being changed), ``machines`` (a process made
ready), ``names`` (what an expression sees), ``world`` (what is given from outside), ``fields``, ``forms`` and
``answers`` (what people are asked, and whether an answer fits), ``foreign`` (what a partner asks), ``seatings`` (whom a
step waits for), ``timers`` (which of them are due), ``steps`` (what is offered on them), ``deadlines`` (who may move
them), ``migrating`` (another version of the process), ``contents`` (what of a history can be erased), ``translating``
(what a job has told, in another language), ``wording`` (which ids in its data are persons), ``usual`` (what comes
usually, and when a job ends that way), ``previewing`` (what a command would change), ``messages``, ``starts`` (what
starts a job by itself), ``always``, ``scopes``, ``conversation`` (what was asked) and ``saying`` (who may answer what
of it), ``live`` (what may be told of a vote while it runs) and ``veil``; for ballots, which no command casts, ``flow``
and ``suspension`` (whether one may be cast), ``casting`` (what it says), ``ballots`` (how it counts) and ``boxes`` (how
papers are hashed).
"""
