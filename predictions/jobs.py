"""What the robot asks by itself."""

from __future__ import annotations

from datetime import timedelta

import structlog

from inventory.models import Product
from jobs.registry import job
from lib import clock
from predictions import actions, serving
from predictions.models import Prediction
from registry.actions import robot
from registry.models import Deployment

log = structlog.get_logger(__name__)
TOGETHER = 100
MOST = 5_000


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
