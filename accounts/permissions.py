"""What a person may do, in one word."""

import hashlib

from accounts.models import User


def permissions_of(user: User | None) -> list[str]:
    """Return what somebody may do, sorted, such as "inventory.view_product"."""
    return sorted(user.get_all_permissions()) if user else []


def digest_of(permissions: list[str]) -> str:
    """Return 16 hex digits that differ when the permissions do."""
    return hashlib.sha256(",".join(permissions).encode()).hexdigest()[:16]
