"""Whoever a command acts for must be allowed to do it over HTTP too."""

from __future__ import annotations

from django.core.management.base import CommandError

from accounts.models import User


def person(username: str, *, may: str) -> User:
    """Return an active user who has the permission `may`. Raise CommandError."""
    try:
        user = User.objects.get(username=username, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is nobody called {username}.") from None
    if not user.has_perm(may):
        raise CommandError(f"{username} may not do this; it takes {may}.")
    return user
