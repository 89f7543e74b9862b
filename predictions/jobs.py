"""What the program does by itself: it asks about new products, and replays what it is asked to."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import lru_cache

import structlog
from django.db import DatabaseError

from inventory.models import Product
from jobs.registry import job
from lib import clock
from predictions import actions, replay_runs, serving
from predictions.actions.replays import give_up_replay
from predictions.models import Prediction
from predictions.replay import Models
from registry.actions import robot
from registry.models import Deployment

log = structlog.get_logger(__name__)
TOGETHER = 100
MOST = 5_000
# A runner that is told to stop waits for as long.
REPLAY_SECONDS = 5


@job(every=timedelta(minutes=1))
def predict_new_products() -> None:
    """Ask the models about products nobody has categorized, and file those they are sure about.

    What is left to do is read from the database, so a run that is lost is made up by the next.
    Run twice at once, it may leave a second receipt for a product and nothing else: a product is
    filed only if it is still what was asked about.
    """
    chain = serving.look()
    if chain.link("live") is None:
        # The fallback would answer, and the products would not be asked about again.
        log.warning("predictions.waiting", why="The live model cannot answer.")
        return
    after = 0
    for _ in range(MOST // TOGETHER):
        products = waiting_products(after=after, limit=TOGETHER)
        if not products:
            return
        after = products[-1].pk
        actions.predict_products(products=products, by=robot(), now=clock.now())


def waiting_products(*, after: int, limit: int) -> list[Product]:
    """Return products without a category that the models have not seen as they are now.

    Without the last condition, the first products the model is unsure about would block the queue
    for ever.
    """
    newest = Deployment.objects.open().order_by("-started_at").first()
    if newest is None:
        return []
    return list(
        Product.objects.present()
        .uncategorized()
        .filter(pk__gt=after)
        .exclude(Prediction.objects.about_this_version(since=newest.started_at))
        .order_by("pk")[:limit]
    )


@job(every=timedelta(seconds=5), lane="replays")
def replay_ranges() -> None:
    """Go on with the oldest run that is not finished, for some seconds.

    What a chunk found and how far the run has come are one transaction, which says where it
    begins: a chunk that is done twice, or by two runners at once, is noted once.
    """
    run = replay_runs.oldest_open()
    if run is None:
        return
    models = _models_of(run.pk)
    stop = time.monotonic() + REPLAY_SECONDS
    try:
        while run.is_open:
            run = replay_runs.go_on(run, models=models, now=clock.now())
            if time.monotonic() > stop:
                return
        # The next run reads its models from the disk again.
        _models_of.cache_clear()
    except DatabaseError:
        # It may be back in a moment, and nothing is lost.
        raise
    except Exception as error:
        # A mistake of ours would stop every later run as well, and tell nobody.
        give_up_replay(run_id=run.pk, why=f"{type(error).__name__}: {error}", now=clock.now())
        raise


@lru_cache(maxsize=1)
def _models_of(run_id: int) -> Models:
    # Read from the disk and hashed once for each run.
    return Models()
