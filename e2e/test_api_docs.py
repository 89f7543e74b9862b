"""The API's own pages, drawn by Swagger's script from our server alone."""

import re

from playwright.sync_api import Page, expect

from e2e.conftest import picture


def test_the_api_is_described_under_a_strict_policy(page: Page) -> None:
    answer = page.goto("/api/docs/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy

    for path in ("/api/v1/predictions", "/api/v1/products", "/api/v1/categories"):
        expect(page.locator(f'.opblock-summary-path[data-path="{path}"]').first).to_be_visible()
    picture(page, "api-docs")


def test_an_operation_unfolds_with_its_fields(page: Page) -> None:
    page.goto("/api/docs/")
    operation = page.locator(".opblock-post").filter(
        has=page.locator('[data-path="/api/v1/predictions"]')
    )
    operation.locator(".opblock-summary-control").click()
    expect(operation.locator(".opblock-body")).to_contain_text(re.compile("width_mm"))
    picture(page, "api-docs-predictions")
