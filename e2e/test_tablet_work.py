"""Work with products on a tablet: finding, adding, changing and filing them, with no connection.

A real Chromium speaks to the real server through a line that the test cuts. What a person saw is
compared with what the server wrote down.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.instance import furnish
from benchmarks.load import LOOPBACK
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, RELEASE, SIZES, Site, picture
from e2e.line import Line
from e2e.tablets import (
    EXPECTED,
    NO_CONNECTION,
    PREDICTION,
    SMALL,
    Catalogue,
    Tablet,
    catalogue,
    connection,
    open_product,
    tablet,
    taxonomy,
    without_model,
)
from tools.console import ROOT

__all__ = ["catalogue", "tablet", "taxonomy"]

expect.set_options(timeout=PATIENCE_MS)

FORMS = {**SIZES, "landscape": (1180, 820)}
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
PRODUCTS = 20_000
SENT = re.compile(r"^Sent")


def here(page: Page, text: str | re.Pattern[str] = "On this tablet") -> Locator:
    return page.get_by_role("status").filter(has_text=text)


def picker(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Category")


def mirrored(page: Page) -> None:
    """Wait until the whole catalogue is on the tablet."""
    page.goto("/tablet/")
    expect(here(page, re.compile(r"^[\d,]+ products?\.$"))).to_be_visible()


def with_model(page: Page) -> None:
    """Wait until the tablet can answer by itself."""
    page.goto("/tablet/ready")
    model = page.locator("dt", has_text=re.compile("^Model$")).locator("xpath=../dd")
    expect(model).to_have_text(re.compile("[0-9a-f]{12}"))


def products(page: Page) -> Locator:
    return page.get_by_role("list", name="Products")


def changes(site: Site, product: int) -> list[list[str]]:
    """Return the kind and the status of what the server holds of a tablet's changes, in order."""
    script = (
        "import json; from sync.models import Change;"
        f"found = Change.objects.filter(product_id={product}).order_by('received_at', 'seq');"
        "print(json.dumps([[one.kind, one.status] for one in found]))"
    )
    told: list[list[str]] = json.loads(site.home.manage("shell", "--verbosity=0", "-c", script))
    return told


def focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.getAttribute('aria-activedescendant') ?? ''")
    return name


def test_a_product_made_without_a_connection_arrives_once(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    with_model(page)
    tablet.lose_connection(page)
    sku = f"{catalogue.skus[0]}-NEW"
    page.goto(f"/tablet/products/new?code={sku}")
    expect(page.get_by_label("SKU")).to_have_value(sku)
    page.get_by_label("Name").fill("Claw hammer 450 g, ash handle")
    page.get_by_label("Weight (g)").fill("450")
    # Not saved, and the battery is taken out.
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("Claw hammer 450 g, ash handle")
    expect(page.get_by_text("What you typed here before is still there.")).to_be_visible()
    page.get_by_label("Weight (g)").fill("heavy")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write a whole number of g, in digits alone.")).to_be_visible()
    expect(page.get_by_label("Weight (g)")).to_be_focused()
    page.get_by_label("Weight (g)").fill("450")
    page.get_by_role("button", name="Save").click()

    heading = page.get_by_role("heading", level=1, name="Claw hammer 450 g")
    expect(heading).to_be_visible()
    expect(here(page).first).to_be_visible()
    assert re.search(r"/tablet/products/new/[0-9a-f-]{36}$", page.url)
    expect(page.get_by_text("Provisional, on this tablet")).to_be_visible()
    expect(page.get_by_text("Spoke for it")).to_be_visible()
    category = page.locator(".category").inner_text()
    page.get_by_role("button", name="Accept").click()
    expect(here(page, f"Accepted: {category}").first).to_be_visible()
    picture(page, "tablet-made-offline")
    page.reload()
    expect(heading).to_be_visible()
    expect(here(page).first).to_be_visible()
    expect(here(page, f"Accepted: {category}").first).to_be_visible()

    tablet.find_connection(page)
    page.wait_for_url(re.compile(r"/tablet/products/\d+$"))
    expect(here(page, SENT)).to_be_visible()
    id = int(page.url.rpartition("/")[2])
    product = catalogue.get(f"products/{id}")
    assert (product["sku"], product["weight_g"]) == (sku, 450)
    assert (product["category"], product["category_source"]) == (category, "person")
    found = catalogue.get(f"products?sku={sku}")["results"]
    assert [one["id"] for one in found] == [id]
    assert changes(tablet.site, id) == [
        ["product.create", "applied"],
        ["prediction.provisional", "applied"],
        ["prediction.accept", "applied"],
    ]
    expect(page.get_by_text("The server’s answer was the same as this tablet’s.")).to_be_visible()
    picture(page, "tablet-made-sent")


def test_a_product_gets_its_address_under_the_hands_of_who_edits_it(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    tablet.lose_connection(page)
    sku = f"{catalogue.skus[0]}-MOVED"
    page.goto(f"/tablet/products/new?code={sku}")
    page.get_by_label("Name").fill("Folding rule 2 m")
    page.get_by_role("button", name="Save").click()
    expect(here(page, "A new product")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    brand = page.get_by_label("Brand")
    brand.press_sequentially("Kor", delay=150)
    tablet.find_connection(page)
    page.wait_for_url(re.compile(r"/tablet/products/\d+/edit$"))
    expect(brand).to_be_focused()
    brand.press_sequentially("vand", delay=150)
    expect(brand).to_have_value("Korvand")
    page.reload()
    expect(brand).to_have_value("Korvand")
    page.get_by_role("button", name="Save").click()
    expect(here(page, SENT)).to_be_visible()
    found = catalogue.get(f"products?sku={sku}")["results"]
    assert [(one["name"], one["brand"]) for one in found] == [("Folding rule 2 m", "Korvand")]


def test_an_edit_without_a_connection_changes_only_what_was_typed(
    tablet: Tablet, catalogue: Catalogue, taxonomy: list[str]
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    without_model(page.context)
    tablet.ready(page)
    mirrored(page)
    tablet.lose_connection(page)
    page.goto(f"/tablet/products/{product}")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Edit Claw hammer")).to_be_visible()
    page.get_by_label("Price").fill("12,90")
    leaf = taxonomy[1].rpartition(" > ")[2]
    picker(page).fill(leaf)
    page.get_by_role("option", name=taxonomy[1], exact=True).click()
    expect(picker(page)).to_have_value(taxonomy[1])
    page.reload()
    expect(page.get_by_label("Price")).to_have_value("12,90")
    expect(picker(page)).to_have_value(taxonomy[1])
    page.get_by_role("button", name="Save").click()
    expect(here(page, "Changed: Price")).to_be_visible()
    expect(here(page, f"Put under {taxonomy[1]}")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="12.90")).to_be_visible()
    page.goto("/tablet/")
    row = products(page).get_by_role("listitem").filter(has_text=catalogue.skus[0])
    page.get_by_label("Name, SKU or barcode").fill(catalogue.skus[0])
    expect(row.get_by_text("On this tablet")).to_be_visible()
    picture(page, "tablet-find-waiting")
    row.get_by_role("link").click()

    tablet.find_connection(page)
    expect(here(page, SENT)).to_be_visible()
    now = catalogue.get(f"products/{product}")
    assert (now["price"], now["category"]) == ("12.90", taxonomy[1])
    assert now["name"] == "Claw hammer 500 g, fibreglass handle"
    assert changes(tablet.site, product) == [
        ["product.edit", "applied"],
        ["product.categorize", "applied"],
    ]


def test_a_suggestion_is_accepted_and_corrected_without_a_connection(
    tablet: Tablet, catalogue: Catalogue, taxonomy: list[str]
) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    for id in catalogue.ids:
        open_product(page, id)
    receipts = [catalogue.receipts(id)[0] for id in catalogue.ids]
    tablet.lose_connection(page)
    first, second = catalogue.ids
    page.goto(f"/tablet/products/{first}")
    page.get_by_role("button", name="Accept").click()
    expect(here(page, f"Accepted: {taxonomy[0]}").first).to_be_visible()
    page.goto(f"/tablet/products/{second}")
    page.get_by_role("button", name="Another category").click()
    # By keyboard: the field has the focus, the arrow marks, Enter takes.
    expect(picker(page)).to_be_focused()
    page.keyboard.type(" ".join(reversed(taxonomy[0].lower().split(" > "))))
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    assert focused(page) == page.get_by_role("option").get_attribute("id")
    page.keyboard.press("Enter")
    expect(here(page, f"Corrected: {taxonomy[0]}").first).to_be_visible()
    page.reload()
    expect(here(page, f"Corrected: {taxonomy[0]}").first).to_be_visible()

    tablet.find_connection(page)
    expect(here(page, SENT)).to_be_visible()
    for id, kind, receipt in zip(catalogue.ids, ("accept", "correct"), receipts, strict=True):
        now = catalogue.get(f"products/{id}")
        assert (now["category"], now["category_source"]) == (taxonomy[0], "person")
        assert changes(tablet.site, id) == [[f"prediction.{kind}", "applied"]]
        assert catalogue.get(f"predictions/{receipt}")["id"] == receipt


def test_a_server_that_takes_too_long_is_not_waited_for(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    with_model(page)
    tablet.line.slow(PREDICTION, 60)
    page.goto(f"/tablet/products/{product}")
    expect(page.get_by_text("Provisional, on this tablet")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_be_enabled()
    # What this tablet said goes another way, which is not slow: once, however often one looks.
    expect(page.get_by_text("The server’s answer was the same as this tablet’s.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Provisional, on this tablet")).to_be_visible()
    expect(page.get_by_text("The server’s answer was the same as this tablet’s.")).to_be_visible()
    assert changes(tablet.site, product) == [["prediction.provisional", "applied"]]
    assert catalogue.get(f"products/{product}")["category"] is None


def test_another_product_with_the_same_code_is_pointed_out(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    page.get_by_role("link", name="Find").first.click()
    page.get_by_role("link", name="New product").click()
    page.get_by_label("SKU").fill(catalogue.skus[0].lower())
    expect(here(page, "This tablet already has Claw hammer")).to_be_visible()
    assert axe(page) == []
    picture(page, "tablet-new-double")
    page.get_by_role("link", name="Open it").click()
    expect(page.get_by_role("heading", level=1, name="Claw hammer")).to_be_visible()


def test_a_code_that_nobody_knows_begins_a_product(tablet: Tablet, catalogue: Catalogue) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    page.goto("/tablet/")
    field = page.get_by_label("Name, SKU or barcode")
    # No other test of this server gives a product this one.
    field.fill("5901234123457")
    field.press("Enter")
    expect(here(page, "No product has exactly this SKU or barcode")).to_be_visible()
    page.get_by_role("link", name="New product with this code").click()
    expect(page.get_by_label("Barcode")).to_have_value("5901234123457")
    expect(page.get_by_label("SKU")).to_have_value("")


def test_the_category_picker_follows_the_keyboard(
    tablet: Tablet, catalogue: Catalogue, taxonomy: list[str]
) -> None:
    page = tablet.page()
    tablet.ready(page)
    mirrored(page)
    page.goto("/tablet/products/new")
    field = picker(page)
    field.focus()
    expect(field).to_have_attribute("aria-expanded", "false")
    options = page.get_by_role("option")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(field).to_be_focused()
    assert focused(page) == options.first.get_attribute("id")
    page.keyboard.press("ArrowUp")
    count = int(options.first.get_attribute("aria-setsize") or 0)
    expect(page.get_by_role("option", selected=True)).to_have_attribute("aria-posinset", str(count))
    expect(page.get_by_role("option", selected=True)).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    field.fill("no such category")
    expect(here(page, "No category has all of these words.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New product")).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_have_value("")
    field.fill(taxonomy[0].lower())
    expect(options).to_have_count(1)
    assert axe(page) == []
    page.keyboard.press("Enter")
    expect(field).to_have_value(taxonomy[0])
    page.get_by_role("button", name="Clear").click()
    expect(field).to_have_value("")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_work_in_every_form(
    tablet: Tablet, catalogue: Catalogue, colours: str
) -> None:
    page = tablet.page(color_scheme=colours, has_touch=True)
    tablet.ready(page)
    mirrored(page)
    open_product(page, catalogue.ids[0])
    screens = {
        "find": "/tablet/",
        "view": f"/tablet/products/{catalogue.ids[0]}",
        "edit": f"/tablet/products/{catalogue.ids[0]}/edit",
        "new": "/tablet/products/new?code=4006381333931",
    }
    for is_online in (True, False):
        line = "on" if is_online else "off"
        if not is_online:
            tablet.lose_connection(page)
        for form, (width, height) in FORMS.items():
            page.set_viewport_size({"width": width, "height": height})
            for name, address in screens.items():
                page.goto(address)
                expect(connection(page)).to_have_text("Online" if is_online else NO_CONNECTION)
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                if name == "find":
                    expect(products(page)).to_be_visible()
                elif name == "view":
                    expect(page.get_by_text("Spoke for it")).to_be_visible()
                else:
                    expect(page.get_by_role("button", name="Save")).to_be_visible()
                assert axe(page) == []
                assert page.evaluate(SMALL) == []
                assert page.evaluate(OVERFLOW) <= 0
                picture(page, f"tablet-work-{name}-{form}-{colours}-{line}line")
            picker(page).click()
            expect(page.get_by_role("option").first).to_be_visible()
            assert axe(page) == []
            assert page.evaluate(SMALL) == []
            picture(page, f"tablet-work-picker-{form}-{colours}-{line}line")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own with 20,000 products."""
    home = furnish(tmp_path_factory.mktemp("warehouse"), release=RELEASE, static=True)
    file = home.folder / "products.csv"
    write_products(file)
    home.manage("import_products", file)
    with home.serving() as server:
        yield Site(f"http://{LOOPBACK}:{server.port}", home)


def write_products(file: Path) -> None:
    """Write 20,000 products that look like those of the sample."""
    with (ROOT / "data" / "raw" / "products.csv").open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        sample = list(rows)
        names = rows.fieldnames or []
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, names)
        writer.writeheader()
        for number in range(PRODUCTS):
            row: dict[str, Any] = dict(sample[number % len(sample)])
            row |= {"sku": f"WH-{number:06}", "gtin": "", "name": f"{row['name']} {number}"}
            writer.writerow(row)


def test_twenty_thousand_products_are_found_without_a_connection(
    warehouse: Site, browser: Browser
) -> None:
    line = Line(int(warehouse.origin.rpartition(":")[2]))
    tablet = Tablet(line, warehouse, browser)
    page = tablet.page()
    page.set_default_timeout(60_000)
    tablet.ready(page)
    everything = f"{PRODUCTS:,} products."
    expect(here(page, everything)).to_be_visible(timeout=120_000)
    tablet.lose_connection(page)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    expect(here(page, everything)).to_be_visible()
    rows = products(page).get_by_role("listitem")
    expect(rows.first).to_have_attribute("aria-setsize", str(PRODUCTS))
    expect(rows.first).to_have_attribute("aria-posinset", "1")
    assert rows.count() < 60
    picture_of_window(page, "tablet-find-20000")

    # From the first to the last by keyboard, and nothing but what is near is drawn.
    rows.first.get_by_role("link").focus()
    page.keyboard.press("End")
    last = page.locator(f"[aria-posinset='{PRODUCTS}']")
    expect(last.get_by_role("link")).to_be_focused()
    expect(last).to_be_in_viewport()
    assert rows.count() < 60
    page.keyboard.press("ArrowUp")
    expect(page.locator(f"[aria-posinset='{PRODUCTS - 1}'] a")).to_be_focused()
    page.keyboard.press("Home")
    expect(rows.first.get_by_role("link")).to_be_focused()

    field = page.get_by_label("Name, SKU or barcode")
    field.fill("wh-012345")
    expect(here(page, re.compile(r"^1 product\.$"))).to_be_visible()
    field.fill("wh-01999")
    expect(here(page, re.compile(r"^10 products\.$"))).to_be_visible()
    assert axe(page) == []
    field.press("Enter")
    expect(here(page, "No product has exactly this SKU or barcode")).to_be_visible()

    # Whoever comes back finds the list where they left it.
    field.fill("")
    expect(here(page, everything)).to_be_visible()
    page.evaluate("scrollTo(0, 40_000)")
    row = rows.nth(rows.count() // 2)
    expect(row).to_be_visible()
    page.wait_for_function("scrollY >= 39_000")
    name = row.locator("strong").inner_text()
    page.get_by_role("link", name=name, exact=False).first.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.go_back()
    expect(rows.filter(has_text=name).first).to_be_in_viewport()

    for context in tablet.contexts:
        context.close()
    line.close()
    assert [error for error in tablet.witness.errors if not EXPECTED.search(error)] == []
    assert tablet.witness.foreign == []


def picture_of_window(page: Page, name: str) -> None:
    """Keep a picture of what is in the window; the page itself is a million pixels long."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png")
