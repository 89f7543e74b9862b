from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet
from knox.models import AuthToken

from accounts.authentication import forget_tokens
from accounts.models import IdempotencyKey, SignInAttempts, Tablet, TabletReport, User
from accounts.roles import STAFF
from ledger.actions import erase_about, record
from lib.ids import uuid7


class CannotCreate(Exception):
    """The message is fit to show to the person who asked."""


class TooManyAttempts(Exception):
    """Nobody looks at this password before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Too many attempts to sign in failed. Wait until {until.isoformat()}.")
        self.until = until


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts under this key in SIGN_IN_WINDOW."""

    key: str
    most: int
    counts: str


SIGN_IN_WINDOW = timedelta(minutes=15)


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
    entry = uuid7()
    user, is_new = User.objects.get_or_create(username=username, defaults={"entry_id": entry})
    before = (user.password, user.is_staff, user.is_active)
    if not user.check_password(password):
        user.set_password(password)
    user.display_name = display_name
    user.is_staff = role in STAFF
    user.is_active = True
    is_changed = before != (user.password, user.is_staff, user.is_active)
    if is_changed:
        user.entry_id = entry
    user.save(update_fields=["display_name", "is_staff", "is_active", "password", "entry"])
    user.groups.set([Group.objects.get(name=role)])
    if is_new or is_changed:
        record(
            "person.created" if is_new else "person.changed",
            actor=None,
            subject=f"user:{user.pk}",
            now=now,
            uuid=entry,
            private={"username": username},
            about=user.pk,
            roles=[role],
            is_active=True,
            is_staff=user.is_staff,
        )
    return user


@transaction.atomic
def note_person(*, user: User, is_new: bool, by: User, now: datetime) -> None:
    """Record what somebody may do after the admin has saved them, in the same transaction.

    They were saved with the uuid of this entry in `entry_id`.
    """
    record(
        "person.created" if is_new else "person.changed",
        actor=by.pk,
        subject=f"user:{user.pk}",
        now=now,
        uuid=user.entry_id,
        private={"username": user.username},
        about=user.pk,
        roles=sorted(user.groups.values_list("name", flat=True)),
        is_active=user.is_active,
        is_staff=user.is_staff,
    )
    transaction.on_commit(forget_tokens)


@transaction.atomic
def erase_person(*, user: User, reason: str, by: User | None, now: datetime) -> None:
    """Take the person out of an account: its number stays, for what it did, and nothing else.

    Raise CannotErase. Safe to repeat: what came since goes too. Other processes may honour a
    token for TOKEN_CACHE_SECONDS more.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    user.username = f"erased-{user.pk}"
    user.first_name = user.last_name = user.email = user.display_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.entry_id = uuid7()
    user.save(
        update_fields=[
            "username", "first_name", "last_name", "email", "display_name", "is_active",
            "is_staff", "is_superuser", "last_login", "password", "entry",
        ]
    )  # fmt: skip
    user.groups.clear()
    user.user_permissions.clear()
    AuthToken.objects.filter(user=user).delete()
    IdempotencyKey.objects.filter(user=user).delete()
    Tablet.objects.filter(last_person=user).update(last_person=None)
    _end_sessions(user)
    erase_about(
        user_id=user.pk, reason=reason, by=by.pk if by else None, now=now, uuid=user.entry_id
    )
    transaction.on_commit(forget_tokens)


def _end_sessions(user: User) -> None:
    # A session says whose it is only inside, where no query can look.
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


@transaction.atomic
def create_token(
    *, user: User, by: User, now: datetime, lifetime: timedelta | None = None
) -> tuple[AuthToken, str]:
    """Make a token for `user`. The text is returned once and never stored."""
    lifetime = lifetime or timedelta(days=settings.TOKEN_DAYS)
    token, text = AuthToken.objects.create(user, expiry=lifetime)
    record(
        "token.created",
        actor=by.pk,
        subject=f"token:{token.digest[:32]}",
        now=now,
        user=user.pk,
        expires_at=token.expiry.isoformat(),
    )
    return token, text


@transaction.atomic
def revoke_token(*, digest: str, by: User, now: datetime) -> None:
    """Revoke a token. Other processes may honour it for TOKEN_CACHE_SECONDS more."""
    token = AuthToken.objects.select_for_update().get(pk=digest)
    token.delete()
    record("token.revoked", actor=by.pk, subject=f"token:{digest[:32]}", now=now)
    transaction.on_commit(forget_tokens)


@transaction.atomic
def forget_expired(*, now: datetime, answers_before: datetime) -> None:
    """Delete tokens and sessions that have expired, and answers that are that old."""
    AuthToken.objects.filter(expiry__lte=now).delete()
    Session.objects.filter(expire_date__lte=now).delete()
    IdempotencyKey.objects.filter(created_at__lt=answers_before).delete()
    SignInAttempts.objects.filter(started_at__lte=now - SIGN_IN_WINDOW).delete()


def attempt_sign_in(*, limits: Sequence[Limit], username: str, address: str, now: datetime) -> None:
    """Count an attempt to sign in before the password is looked at, or raise TooManyAttempts.

    Counting comes first so that a hundred attempts at the same moment are a hundred attempts. One
    that is refused counts nowhere: who keeps trying under one name does not use up what the
    others at the same address have.
    """
    # The refusal is recorded, so it must not undo what was recorded.
    if until := _count_attempt(limits=limits, username=username, address=address, now=now):
        raise TooManyAttempts(until)


@transaction.atomic
def _count_attempt(
    *, limits: Sequence[Limit], username: str, address: str, now: datetime
) -> datetime | None:
    counted = []
    for limit in limits:
        row, _ = SignInAttempts.objects.select_for_update().get_or_create(
            key=limit.key, defaults={"started_at": now}
        )
        if row.started_at + SIGN_IN_WINDOW <= now:
            row.attempts, row.started_at = 0, now
        if row.attempts >= limit.most:
            until = row.started_at + SIGN_IN_WINDOW
            if row.attempts == limit.most:
                row.attempts += 1  # beyond the limit: it has been recorded
                row.save(update_fields=["attempts"])
                _record_lockout(limit, username=username, address=address, until=until, now=now)
            return until
        counted.append(row)
    for row in counted:
        row.attempts += 1
        row.save(update_fields=["attempts", "started_at"])
    return None


def _record_lockout(
    limit: Limit, *, username: str, address: str, until: datetime, now: datetime
) -> None:
    # What is no name of anybody may well be a password, and the ledger forgets nothing.
    known = User.objects.filter(username=username).values_list("pk", flat=True).first()
    record(
        "sign_in.refused",
        actor=None,
        subject="sign_in" if known is None else f"user:{known}",
        now=now,
        # Where somebody works or lives.
        private={"address": address},
        about=known,
        counted=limit.counts,
        attempts=limit.most,
        until=until.isoformat(),
    )


@transaction.atomic
def forgive_sign_in(*, limits: Sequence[Limit]) -> None:
    """Take back the attempt that turned out to be the right person's, and those just before."""
    *shared, own = (limit.key for limit in limits)
    SignInAttempts.objects.filter(key__in=shared, attempts__gt=0).update(attempts=F("attempts") - 1)
    SignInAttempts.objects.filter(key=own).delete()


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
    etag: str,
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
        etag=etag,
        created_at=now,
    )


class TooManyReports(Exception):
    """The message is fit to show to the person who asked."""


# A person has a tablet or a few, and a tablet one alarm: whoever sends more fills our tables.
MOST_NEW_TABLETS_A_DAY = 50
MOST_ALARMS = 20
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Two signed notes of the log that cannot both be true."""

    kept: str
    seen: str


def report_tablet(
    *,
    uuid: UUID,
    model_sha256: str,
    checkpoint_size: int,
    alarm: Alarm | None,
    by: User,
    now: datetime,
) -> Tablet:
    """Keep what a tablet says of itself. What it said before, with no news, writes nothing.

    Safe to repeat. Raises TooManyReports.
    """
    # Most reports bring nothing new, and none of those should wait for a writer.
    known = Tablet.objects.filter(uuid=uuid).first()
    if known is not None and now - known.last_seen_at < SEEN_EVERY:
        is_known_alarm = alarm is None or _alarms(known, alarm).exists()
        if is_known_alarm and known.model_sha256 == model_sha256:
            return known
    return _keep_report(
        uuid=uuid,
        model_sha256=model_sha256,
        checkpoint_size=checkpoint_size,
        alarm=alarm,
        by=by,
        now=now,
    )


@transaction.atomic
def _keep_report(
    *,
    uuid: UUID,
    model_sha256: str,
    checkpoint_size: int,
    alarm: Alarm | None,
    by: User,
    now: datetime,
) -> Tablet:
    first = {"first_seen_at": now, "last_seen_at": now, "checkpoint_size": checkpoint_size}
    tablet, is_new = Tablet.objects.select_for_update().get_or_create(
        uuid=uuid, defaults={**first, "last_person": by}
    )
    subject = f"tablet:{uuid}"
    if is_new:
        lately = Tablet.objects.filter(last_person=by, first_seen_at__gt=now - timedelta(days=1))
        if lately.count() > MOST_NEW_TABLETS_A_DAY:
            raise TooManyReports("You have used too many tablets today. Ask an administrator.")
        record("tablet.first_seen", actor=by.pk, subject=subject, now=now)
    if tablet.model_sha256 != model_sha256:
        record(
            "tablet.model_changed",
            actor=by.pk,
            subject=subject,
            now=now,
            model=model_sha256 or None,
            previous=tablet.model_sha256 or None,
        )
        TabletReport.objects.create(
            tablet=tablet, at=now, kind=TabletReport.Kind.MODEL, model_sha256=model_sha256
        )
    if alarm is not None and not _alarms(tablet, alarm).exists():
        _keep_alarm(tablet, alarm, by=by, now=now)
        tablet.alarmed_at = tablet.alarmed_at or now
    tablet.model_sha256 = model_sha256
    tablet.checkpoint_size = checkpoint_size
    tablet.last_person = by
    tablet.last_seen_at = now
    tablet.save(
        update_fields=[
            "alarmed_at",
            "checkpoint_size",
            "last_person",
            "last_seen_at",
            "model_sha256",
        ]
    )
    return tablet


def _alarms(tablet: Tablet, alarm: Alarm) -> QuerySet[TabletReport]:
    return tablet.reports.filter(kind=TabletReport.Kind.ALARM, kept=alarm.kept, seen=alarm.seen)


def _keep_alarm(tablet: Tablet, alarm: Alarm, *, by: User, now: datetime) -> None:
    kind = TabletReport.Kind.ALARM
    if tablet.reports.filter(kind=kind).count() >= MOST_ALARMS:
        raise TooManyReports("This tablet has raised too many alarms. Ask an administrator.")
    TabletReport.objects.create(tablet=tablet, at=now, kind=kind, kept=alarm.kept, seen=alarm.seen)
    # The notes are whatever the tablet sent, so the log has only their digests.
    record(
        "tablet.alarm",
        actor=by.pk,
        subject=f"tablet:{tablet.uuid}",
        now=now,
        kept_sha256=sha256(alarm.kept.encode()).hexdigest(),
        seen_sha256=sha256(alarm.seen.encode()).hexdigest(),
    )
