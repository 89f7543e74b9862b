from datetime import timedelta

from jobs.registry import job
from lib import clock
from sync.actions.feed import BATCH, prune_feed


@job(every=timedelta(days=1))
def forget_old_feed() -> None:
    """Delete what was touched so long ago that no tablet reads on from there.

    What is deleted is not there any more, so a second run finds nothing to do.
    """
    while prune_feed(now=clock.now()) == BATCH:
        pass
