"""Hard cases of what a tablet keeps: a full disk, a database that goes away, a battery that dies.

The server's rows and its ledger are compared with what a person did, not only an empty queue. The
numbers are those of the table in docs/tablet.md.
"""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from e2e import chaos
from e2e.aisle import (
    PUSH,
    Aisle,
    edit,
    edited_once,
    eventually,
    offline,
    online,
    open_product,
    ready,
    waits,
    walked,
)
from e2e.depot import Depot


@pytest.fixture(scope="module")
def aisle(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    with walked(depot, browser) as aisle:
        yield aisle


def kill(profile: Path) -> None:
    """End every process of a browser at once, as an empty battery does."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"--user-data-dir={profile}".encode() in told.split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_full_disk_is_said_at_once_and_nothing_typed_is_lost(aisle: Aisle) -> None:
    """Case 18."""
    first, product = aisle.products(2)
    page = aisle.tablet(None)
    devtools = page.context.new_cdp_session(page)
    # Before anything is written: what is free is looked up once.
    devtools.send(
        "Storage.overrideQuotaForOrigin",
        {"origin": aisle.line.origin, "quotaSize": 30_000_000},
    )
    aisle.sign_in(page, "carla")
    ready(page)
    for one in (first, product):
        open_product(page, one)
    offline(page)
    edit(page, first, brand="Before")
    page.goto(f"/tablet/products/{product}/edit")
    page.get_by_label("Brand", exact=True).fill("No room")
    page.evaluate(FILL)
    page.get_by_role("button", name="Save", exact=True).click()
    alarm = page.get_by_role("alert")
    expect(alarm).to_contain_text("There is no room left on this tablet")
    expect(page.get_by_label("Brand", exact=True)).to_have_value("No room")
    waits(page, 1)
    page.evaluate(EMPTY)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": aisle.line.origin})
    # What was typed is still there, even after a start.
    page.reload()
    expect(page.get_by_text("What you typed here before is still there.")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    waits(page, 2)
    online(page)
    waits(page, 0)
    edited_once(aisle.depot, first, brand="Before")
    edited_once(aisle.depot, product, brand="No room")


FILL = """async () => {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open("filler", 1);
    const made = { autoIncrement: true };
    opening.onupgradeneeded = () => opening.result.createObjectStore("junk", made);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  for (const size of [4_000_000, 500_000, 50_000, 5_000, 500, 50]) {
    for (let isRoom = true; isRoom; ) {
      const junk = new Uint8Array(size);
      for (let at = 0; at < size; at += 65_536) {
        crypto.getRandomValues(junk.subarray(at, Math.min(size, at + 65_536)));
      }
      isRoom = await new Promise((resolve) => {
        try {
          const writing = database.transaction("junk", "readwrite", { durability: "strict" });
          writing.objectStore("junk").add(junk);
          writing.oncomplete = () => resolve(true);
          writing.onabort = () => resolve(false);
        } catch {
          resolve(false);
        }
      });
    }
  }
  database.close();
}"""
EMPTY = """() => new Promise((resolve, reject) => {
  const deleting = indexedDB.deleteDatabase("filler");
  deleting.onsuccess = () => resolve();
  deleting.onerror = () => reject(deleting.error);
})"""


def test_a_database_that_goes_away_while_it_writes_is_opened_again(aisle: Aisle) -> None:
    """Case 24."""
    product = aisle.product()
    page = aisle.tablet(script=LOSE_DATABASE)
    open_product(page, product)
    page.goto(f"/tablet/products/{product}/edit")
    page.get_by_label("Brand", exact=True).fill("Reopened")
    page.evaluate("() => (window.losing = 1)")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/tablet/products/{product}")
    waits(page, 0)
    assert page.evaluate("() => window.lost") == 1
    edited_once(aisle.depot, product, brand="Reopened")
    # Again and again is a trouble that is said, and what was typed stays.
    page.goto(f"/tablet/products/{product}/edit")
    page.get_by_label("Brand", exact=True).fill("Lost")
    page.evaluate("() => (window.losing = 100)")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This was not kept on this tablet")
    expect(page.get_by_label("Brand", exact=True)).to_have_value("Lost")
    page.evaluate("() => (window.losing = 0)")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/tablet/products/{product}")
    waits(page, 0)
    assert aisle.depot.state_of(product)["version"] == 3


# Only what writes into the outbox: the database goes away between opening it and using it.
LOSE_DATABASE = """
window.losing = 0;
window.lost = 0;
const { transaction } = IDBDatabase.prototype;
IDBDatabase.prototype.transaction = function (stores, mode, ...more) {
  if (window.losing > 0 && mode === "readwrite" && [stores].flat().join() === "changes") {
    window.losing -= 1;
    window.lost += 1;
    this.close();
  }
  return transaction.call(this, stores, mode, ...more);
};
"""


def test_tabs_of_two_versions_do_not_wait_for_each_other_in_vain(aisle: Aisle) -> None:
    """Case 25."""
    product = aisle.product()
    page = aisle.tablet()
    open_product(page, product)
    offline(page)
    edit(page, product, brand="Upgraded")
    waits(page, 1)
    newer = page.context.new_page()
    newer.goto("/offline")
    name = next(one for one in newer.evaluate(NAMES) if one.startswith("shelfmark-u"))
    # A tab of the next version: the old one lets go at once, and says so.
    assert newer.evaluate(UPGRADE, [name, 3]) == "upgraded"
    expect(page.get_by_text("A newer version of Shelfmark runs in another tab.")).to_be_visible()
    newer.close()
    assert aisle.depot.changes(product) == []


def test_a_tab_of_an_old_version_that_does_not_let_go_is_named(aisle: Aisle) -> None:
    """Case 25, the other way round."""
    ((carla,),) = aisle.depot.rows("SELECT id FROM accounts_user WHERE username = 'carla'")
    page = aisle.tablet(None)
    older = page.context.new_page()
    older.goto("/offline")
    older.evaluate(HOLD, f"shelfmark-u{carla}")
    aisle.sign_in(page, "carla")
    expect(page.get_by_text("Another tab of Shelfmark is in the way.")).to_be_visible()
    older.close()
    ready(page)
    expect(page.get_by_text("Another tab of Shelfmark is in the way.")).to_have_count(0)
    product = aisle.product()
    open_product(page, product)
    edit(page, product, brand="Let go")
    waits(page, 0)
    edited_once(aisle.depot, product, brand="Let go")


# As the first version had it, in a page that hears nothing of newer ones.
HOLD = """(name) => new Promise((resolve, reject) => {
  const opening = indexedDB.open(name, 1);
  opening.onerror = () => reject(opening.error);
  opening.onupgradeneeded = () => {
    const products = opening.result.createObjectStore("products", { keyPath: "id" });
    for (const index of ["sku", "gtin", "openedAt"]) {
      products.createIndex(index, index);
    }
    opening.result.createObjectStore("predictions", { keyPath: "productId" });
  };
  opening.onsuccess = () => {
    window.held = opening.result;
    resolve();
  };
})"""
NAMES = "async () => (await indexedDB.databases()).map((one) => one.name)"
UPGRADE = """([name, version]) => new Promise((resolve, reject) => {
  const opening = indexedDB.open(name, version);
  opening.onblocked = () => resolve("blocked");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const count = opening.result.transaction("changes").objectStore("changes").count();
    count.onsuccess = () => {
      opening.result.close();
      resolve(count.result === 1 ? "upgraded" : `${count.result} changes`);
    };
  };
})"""


def test_five_hundred_edits_outlive_a_battery_that_dies_while_they_are_sent(
    aisle: Aisle, tmp_path: Path
) -> None:
    """Promise 33: three days offline, a clock that is a day behind, and a kill amid the sending."""
    products = aisle.products(20)
    profile = tmp_path / "profile"
    context = aisle.lasting(profile)
    page = aisle.adopt(context, context.pages[0], "carla")
    offline(page)
    page.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=1))
    for product in products:
        edit(page, product, brand="Edit 0")
    # As often as a person can, as fast as a person cannot: rows like those that were just written.
    order = page.evaluate(REPEAT, 500)
    assert len(order) == len(set(order)) == 500
    page.reload()
    waits(page, 500)
    before = len(aisle.pushed())
    # The server carries out every batch; the answer to the third never comes.
    aisle.line.meet(PUSH, after(2, chaos.no_answer))
    context.set_offline(False)
    eventually(page, lambda: len(aisle.pushed()) == before + 3)
    # A browser writes its cookies down every half a minute, and people work for longer.
    cookies: Any = context.cookies()
    kill(profile)
    aisle.line.behave()
    aisle.contexts.remove(context)

    context = aisle.lasting(profile)
    context.add_cookies(cookies)
    page = aisle.adopt(context, context.pages[0], None)
    page.goto("/tablet/")
    waits(page, 0)
    rows = aisle.depot.rows(
        "SELECT id::text, seq, status FROM sync_change WHERE product_id = ANY(%s)"
        " ORDER BY received_at",
        products,
    )
    assert [id for id, _, _ in rows] == order
    assert {status for _, _, status in rows} == {"applied"}
    sequence = [seq for _, seq, _ in rows]
    assert sequence == sorted(sequence)
    for product in products:
        state = aisle.depot.state_of(product)
        assert (state["version"], state["brand"]) == (26, "Edit 24")
        kinds = [kind for kind, by in aisle.depot.entries(product) if by == "carla"]
        assert kinds.count("change.applied") == kinds.count("product.updated") == 25


def after(count: int, fault: chaos.Fault) -> chaos.Fault:
    """Let so many requests pass, and all later ones suffer."""
    left = count

    def later(call: chaos.Call, go: chaos.Go) -> chaos.Reply:
        nonlocal left
        left -= 1
        return go() if left >= 0 else fault(call, go)

    return later


# Copies each waiting change in turn, until there are so many: another id, the next value.
REPEAT = """async (most) => {
  const there = await indexedDB.databases();
  const name = there.map((one) => one.name).find((one) => /^shelfmark-u/.test(one));
  const database = await new Promise((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => resolve(opening.result);
  });
  const writing = database.transaction("changes", "readwrite", { durability: "strict" });
  const store = writing.objectStore("changes");
  const ids = await new Promise((resolve) => {
    const reading = store.getAll();
    reading.onsuccess = () => {
      const first = reading.result;
      const ids = first.map((one) => one.id);
      for (let at = first.length; at < most; at += 1) {
        const { seq, ...like } = first[at % first.length];
        const turn = Math.floor(at / first.length);
        const id = crypto.randomUUID();
        ids.push(id);
        store.add({
          ...like,
          id,
          payload: { set: { brand: `Edit ${turn}` }, base: { brand: `Edit ${turn - 1}` } },
        });
      }
      writing.oncomplete = () => resolve(ids);
    };
  });
  database.close();
  return ids;
}"""
