"""Who presses as people do, a tenth of a second or more, meets the button that stood there when the finger came down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site


@pytest.mark.parametrize("width", [1280, 360])
def test_what_is_said_of_saving_moves_no_button(site: Site, new_page: Callable[..., Any], width: int) -> None:
    page = new_page(width, 780)
    page.goto(f"{site.address}/")
    page.fill("textarea[name=text]", "めっきの色むらが週に一度出ます。")
    button = page.locator("form.tell button.go")
    button.scroll_into_view_if_needed()
    place = button.bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 3)
    page.mouse.down()
    page.wait_for_selector("#saved:not(:empty)")
    page.mouse.up()
    page.wait_for_selector("[name=company_given]")
