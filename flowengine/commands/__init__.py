"""One command, one transaction: the shell around the pure core, and every verb that changes something.

Others take from here: ``talking`` (messages and notes of a job), ``corresponding`` (without a job), ``uploading``,
``promising``, ``new_dates``, ``shell`` (the transaction in which a command is computed and written), ``access`` (from
what people type to jobs and steps, and whether they may), ``catching_up`` (what is due happens first), ``receipts``
(request keys), ``once`` (the same for verbs without one of their own), ``told`` (what people were told), ``days``
(which moment is meant), ``shown_once`` (new secrets), ``occasions`` (appointments as their histories tell them),
``asked`` (what they have asked), and the verbs in ``on_jobs``, ``messages``, ``starting``, ``deploying``, ``people``,
``parties``, ``records``, ``consents`` (that a partner has one), ``exchanged`` (what partners say of records),
``arriving`` (records that come), ``merging``, ``referrals`` (who has brought whom), ``importing``, ``availability``,
``closing``, ``erasing``, ``migration``, ``incidents``, ``interventions``, ``retention``, ``counting`` (what all jobs
teach), ``expecting`` (when jobs are expected to be finished), ``partners``, ``tokens``, ``voting``, ``unserved`` and
``unstaffed``; of signing in ``sessions``, ``links``, ``codes``, ``totp``, ``passkeys``, ``oidc``, ``credentials``,
``own_tokens``, ``devices`` and ``public_starts``.
"""
