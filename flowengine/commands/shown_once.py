"""Secrets that are shown once: 256 random bits, of which only the hash is stored, by which they are found again."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

_BITS = 256


def new_secret(prefix: str) -> str:
    """256 random bits, which begin as their kind does."""
    return prefix + urlsafe_b64encode(secrets.token_bytes(_BITS // 8)).rstrip(b"=").decode()


def hashed(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
