"""What watches every page does notice."""

from playwright.sync_api import Browser

from e2e.conftest import Site, Witness


def test_an_inline_script_and_a_foreign_request_are_noticed(site: Site, browser: Browser) -> None:
    witness = Witness(site.origin)
    page = browser.new_page()
    witness.watch(page)
    page.goto(f"{site.origin}/")
    page.evaluate("""
        () => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          new Image().src = "http://127.0.0.1:9/pixel.png";
        }
    """)
    page.wait_for_timeout(200)
    page.close()
    assert len([error for error in witness.errors if "Content Security Policy" in error]) == 2
