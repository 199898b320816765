"""A person's hands before a page: with a mouse, or with a keyboard alone; each counts what it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

MOST_TABS = 250
HERE = "one => one === document.activeElement"
BEHIND = "one => !!(document.activeElement.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)"


class Mouse:
    """Clicks; text is typed where it was clicked."""

    def __init__(self, page: Page):
        self.page, self.acts = page, 0

    def press(self, target: Locator) -> None:
        """A link, a button, a box to tick, the head of something that opens."""
        target.click()
        self.acts += 1

    def write(self, target: Locator, text: str) -> None:
        self.press(target)
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        """An entry of a list: one click opens it, one takes the entry."""
        target.select_option(label=label)
        self.acts += 2

    def open_menu(self, group: str, name: str) -> None:
        """A page in a menu of the header."""
        menu = _menu(self.page, group)
        self.press(menu.locator("summary"))
        self.press(menu.locator("a", has_text=name).first)

    def download(self, act: Callable[[], None]) -> Path:
        with self.page.expect_download() as download:
            act()
        return download.value.path()


class Keyboard(Mouse):
    """Tab and Shift Tab to what is wanted, then Enter, space or arrows; text counts as one act, as for the mouse."""

    def press(self, target: Locator) -> None:
        self._reach(target)
        ticked = target.evaluate("one => ['checkbox', 'radio'].includes(one.type)")
        self._key("Space" if ticked else "Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self.page.keyboard.press("Control+A")
        lines = text.split("\n")
        for n, line in enumerate(lines):
            self.page.keyboard.insert_text(line)
            if n + 1 < len(lines):
                self.page.keyboard.press("Enter")
        self.acts += 1

    def choose(self, target: Locator, label: str) -> None:
        """Typing an entry's first letters chooses it."""
        self._reach(target)
        self.page.keyboard.type(label)
        self.acts += 1
        chosen = target.evaluate("one => one.selectedOptions[0].label")
        assert chosen == label, f"typing {label!r} chose {chosen!r}"

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        key = "Tab" if target.evaluate(BEHIND) else "Shift+Tab"
        for _ in range(MOST_TABS):
            if target.evaluate(HERE):
                return
            self._key(key)
        where = self.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        raise AssertionError(f"{target} is not reached by {MOST_TABS} times {key}, which leads to {where}")

    def _key(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.acts += 1


def _menu(page: Page, group: str) -> Locator:
    return page.locator(".site-nav .wide details").filter(has=page.locator("summary", has_text=group))
