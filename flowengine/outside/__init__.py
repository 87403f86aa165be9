"""What reaches beyond this installation, and nothing of flows.

Others take from here: ``http`` (one document posted, one answer), ``addresses`` (where calls may go), ``mail`` and
``letter`` (one text to one person), ``apprise`` (whatever that library reaches), ``passkeys`` and ``oidc`` (who
somebody is, as his browser or a provider says), ``files`` (where files are kept), ``file_types`` (what a file is) and
``pictures`` (written anew).
"""
