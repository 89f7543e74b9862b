from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from knox.models import AuthToken

from accounts.authentication import forget_tokens
from accounts.models import IdempotencyKey, User
from ledger.actions import record


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
