"""What may be told to whom, and in which words (L9): pure rules on processes, positions and histories.

Others take from here: ``administration`` (what was changed of the installation), ``status`` (how it fares),
``conversation`` (what is told of messages and files), ``promising`` (a look before something is done), ``proofs``
(receipts), ``replies`` (all that the engine answers, as frozen values), ``keyed`` (a request under a key, and what was
answered), ``parties`` (what it answers of contacts and of who acts for whom), ``consents`` (which partners have what of
him), ``facts`` and ``records`` (what it answers of what is known of customers), ``settled`` (what is known of a job, as
texts and as data), ``ahead`` (what may still come), ``thread`` and ``thread_lines`` (the way of a job, to its
customer), ``customer_words`` (what a customer reads in the place of states), ``history_lines`` (a history as a person
would tell it), ``answered`` (what whoever acts is told), ``appointments`` (what became of one, what lies after the
promise), ``forms`` (what a step asks), ``tallies`` (how a vote stands that runs), ``ballots`` (a voter's own),
``promised`` (what became of a promise), ``insight`` (what all jobs have taught), ``forecast`` (what to order),
``calendars`` (what is answered of them), ``migrated`` (what another version changes), ``tokens`` (without their
secrets), ``signing_in`` (what those are answered who sign in) and ``plainly`` (values as people read them).
"""
