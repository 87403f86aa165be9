"""One command, one transaction: the shell around the pure core, and every verb that changes something.

Others take from here: ``shell`` (the transaction in which a command is computed and written), ``access`` (from what
people type to jobs and steps, and whether they may), ``catching_up`` (what is due happens first), ``receipts`` (request
keys), ``told`` (what people were told), ``asked`` (what they have asked), and the verbs in ``on_jobs``, ``messages``,
``starting``, ``deploying``, ``people``, ``availability``, ``erasing``, ``migration``, ``incidents``, ``interventions``,
``retention``, ``tokens``, ``talking`` (messages and notes of a job), ``corresponding`` (without a job), ``uploading``,
``unserved`` and ``unstaffed``.
"""
