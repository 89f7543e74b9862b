"""Commitments: digests that bind the log to a value without telling it.

`docs/ledger-format.md` defines them. Whoever has the salt and the value can check the digest;
once the salt is gone nobody can, however short the value was.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from uuid import UUID


def canonical(value: object) -> bytes:
    """Return RFC 8785 bytes of a value whose keys are ASCII and which holds no float."""
    return _encode(value).encode()


# Made once: `json.dumps` makes one for each call.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def commitment(salt: bytes, value: bytes) -> str:
    """Return the 64 hex digits that stand for `value` under `salt`."""
    return hashlib.sha256(salt + value).hexdigest()


def actor_value(user_id: int) -> bytes:
    """Return what a commitment to a person is made over."""
    return b'{"user":%d}' % user_id


def actor_salt(secret: bytes, entry: UUID) -> bytes:
    """Return the salt of a person's commitment in one entry.

    Each entry has another, so opening one tells nothing about the others; and all of them come
    from one secret, so that erasing it closes them all.
    """
    return hmac.digest(secret, entry.bytes, "sha256")
