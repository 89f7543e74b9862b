"""An auditor replays answers, an approver recalls a model: in a browser, on a desk and a tablet."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.accessibility import axe
from e2e.conftest import SIZES, Site, picture
from e2e.scene import add_product, get, overflow, resize, sign_in

DESK = "/admin/predictions/"


def answer_about(page: Page, name: str) -> Any:
    """Ask about a new product as a picker, and return the answer."""
    product = add_product(page, name)
    return get(page, f"products/{product['id']}/prediction")


def sign_out(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").first.wait_for()


def looks_right(page: Page, name: str) -> None:
    picture(page, name)
    assert overflow(page) == 0
    assert axe(page) == []


@pytest.mark.parametrize("size", SIZES)
def test_an_auditor_replays_one_answer_and_then_a_range(site: Site, page: Page, size: str) -> None:
    resize(page, size)
    sign_in(page, site, "carla")
    answer = answer_about(page, "Cordless drill 18 V with two batteries")
    sign_out(page)
    sign_in(page, site, "dora")

    page.goto(f"{DESK}prediction/{answer['id']}/change/")
    looks_right(page, f"receipt-with-replay-{size}")
    page.get_by_role("button", name="Replay this prediction").click()
    expect(page.get_by_text("Identical.", exact=True)).to_be_visible()
    looks_right(page, f"replay-{size}")

    page.goto(f"{DESK}replayrun/")
    page.get_by_role("link", name="Replay a range").click()
    looks_right(page, f"replay-request-{size}")
    page.get_by_role("button", name="Replay them").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    looks_right(page, f"replay-run-waiting-{size}")
    # The job runner has its turn; the page notices by itself.
    site.home.manage("run_jobs", "--once")
    expect(page.get_by_text("are identical.")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    looks_right(page, f"replay-run-done-{size}")
    page.goto(f"{DESK}replayrun/")
    looks_right(page, f"replay-runs-{size}")


@pytest.mark.parametrize("size", SIZES)
def test_an_approver_recalls_a_model_and_a_picker_is_told_why(
    site: Site, page: Page, size: str
) -> None:
    resize(page, size)
    sign_in(page, site, "carla")
    answer = answer_about(page, "Cordless drill 18 V with two batteries")
    sign_out(page)
    sign_in(page, site, "bob")
    page.goto(f"{DESK}recall/")
    page.get_by_label("The sha256 of a model").fill(answer["model"][:12])
    page.get_by_role("button", name="Show its answers").click()
    expect(page.get_by_text("This model still answers, as live")).to_be_visible()
    looks_right(page, f"recall-{size}")
    page.get_by_label("Why?").fill("Drills were labelled as hammers in its dataset.")
    page.get_by_role("button", name="Recall this model").click()
    expect(page.get_by_text("for a person now.")).to_be_visible()
    looks_right(page, f"recalled-{size}")
    page.goto(f"{DESK}recall/")
    looks_right(page, f"recalls-{size}")
    sign_out(page)
    sign_in(page, site, "carla")
    waiting = {
        one["prediction"]["id"]: one for one in get(page, "reviews/queue?limit=100")["results"]
    }
    assert waiting[answer["id"]]["recalled"] == "Drills were labelled as hammers in its dataset."
