from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import transaction
from knox.models import AuthToken

from accounts.authentication import forget_tokens
from accounts.models import IdempotencyKey, User
from accounts.roles import STAFF
from ledger.actions import record


class CannotCreate(Exception):
    """The message is fit to show to the person who asked."""


@transaction.atomic
def create_roles(*, roles: Mapping[str, Sequence[str]]) -> None:
    """Create groups, or give them exactly these permissions ("app.codename")."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for name, permissions in roles.items():
        if missing := sorted(set(permissions) - known.keys()):
            raise CannotCreate(
                f"The role {name} names permissions that do not exist: {', '.join(missing)}. "
                "Type `python manage.py migrate` first."
            )
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set([known[permission] for permission in permissions])


@transaction.atomic
def create_person(
    *, username: str, display_name: str, role: str, password: str, now: datetime
) -> User:
    """Create somebody with this role and password, or see to it that they have them.

    Safe to repeat: whoever has them already stays signed in.
    """
    user, is_new = User.objects.get_or_create(username=username)
    if not user.check_password(password):
        user.set_password(password)
    user.display_name = display_name
    user.is_staff = role in STAFF
    user.is_active = True
    user.save(update_fields=["display_name", "is_staff", "is_active", "password"])
    user.groups.set([Group.objects.get(name=role)])
    if is_new:
        record(
            "person.created",
            actor="system",
            subject=f"user:{user.pk}",
            now=now,
            username=username,
            roles=[role],
            is_active=True,
            is_staff=user.is_staff,
        )
    return user


@transaction.atomic
def note_person(*, user: User, is_new: bool, by: User, now: datetime) -> None:
    """Record what somebody may do after the admin has saved them, in the same transaction."""
    record(
        "person.created" if is_new else "person.changed",
        actor=by.username,
        subject=f"user:{user.pk}",
        now=now,
        username=user.username,
        roles=sorted(user.groups.values_list("name", flat=True)),
        is_active=user.is_active,
        is_staff=user.is_staff,
    )
    transaction.on_commit(forget_tokens)


@transaction.atomic
def create_token(
    *, user: User, by: User, now: datetime, lifetime: timedelta | None = None
) -> tuple[AuthToken, str]:
    """Make a token for `user`. The text is returned once and never stored."""
    lifetime = lifetime or timedelta(days=settings.TOKEN_DAYS)
    token, text = AuthToken.objects.create(user, expiry=lifetime)
    record(
        "token.created",
        actor=by.username,
        subject=f"token:{token.digest[:32]}",
        now=now,
        user=user.username,
        expires_at=token.expiry.isoformat(),
    )
    return token, text


@transaction.atomic
def revoke_token(*, digest: str, by: User, now: datetime) -> None:
    """Revoke a token. Other processes may honour it for TOKEN_CACHE_SECONDS more."""
    token = AuthToken.objects.select_for_update().get(pk=digest)
    token.delete()
    record("token.revoked", actor=by.username, subject=f"token:{digest[:32]}", now=now)
    transaction.on_commit(forget_tokens)


@transaction.atomic
def forget_expired(*, now: datetime, answers_before: datetime) -> None:
    """Delete tokens and sessions that have expired, and answers that are that old."""
    AuthToken.objects.filter(expiry__lte=now).delete()
    Session.objects.filter(expire_date__lte=now).delete()
    IdempotencyKey.objects.filter(created_at__lt=answers_before).delete()


def keep_answer(
    *,
    user: User,
    method: str,
    path: str,
    key: str,
    body_sha256: str,
    status: int,
    response_body: bytes,
    location: str,
    now: datetime,
) -> IdempotencyKey:
    """Keep the answer to a request, in the transaction of the request's effect."""
    return IdempotencyKey.objects.create(
        user=user,
        method=method,
        path=path,
        key=key,
        body_sha256=body_sha256,
        status=status,
        response_body=response_body,
        location=location,
        created_at=now,
    )
