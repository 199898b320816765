"""Hands and eyes of a person before the viewer: places in the window, drags, what is read and drawn."""

from __future__ import annotations

STAGE = "#wb-stage"


def at(page, x: float, y: float) -> tuple[float, float]:
    """The place in the window of a pixel (from 1) of the frame that is seen."""
    found = page.evaluate("([x, y]) => workbench.stage.place(x, y, workbench.stage.shown)", [x, y])
    box = page.locator(STAGE).bounding_box()
    return box["x"] + found["x"], box["y"] + found["y"]


def read(page) -> dict[str, str]:
    names = ("value", "pixel", "degrees", "sexagesimal", "galactic")
    return {name: page.inner_text(f"[data-read={name}]") for name in names}


def drag(page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def colour_at(page, x: float, y: float) -> list[int]:
    """Red, green and blue of JS9's canvas at a pixel of the image."""
    return page.evaluate(
        """([x, y]) => {
          const { x: px, y: py } = workbench.stage.place(x, y);
          const context = document.querySelector('.JS9Image').getContext('2d');
          return [...context.getImageData(Math.floor(px), Math.floor(py), 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def settled(page) -> None:
    """The address follows what is shown a little later."""
    page.wait_for_timeout(450)
