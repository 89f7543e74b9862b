from datetime import timedelta

from accounts import actions
from jobs.registry import job
from lib import clock

# Longer than any client keeps trying; a tablet that was away for a month asks anew.
KEEP_ANSWERS = timedelta(days=30)


@job(every=timedelta(hours=6))
def forget_what_has_expired() -> None:
    """Delete expired tokens and sessions, old attempts to sign in, and answers kept for requests
    that arrive twice.

    What is deleted no longer counts, so a second run finds nothing to do.
    """
    now = clock.now()
    actions.forget_expired(now=now, answers_before=now - KEEP_ANSWERS)
