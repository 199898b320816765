"""Sizes of the screens that pages are looked at on, and how much of a page jumped while it loaded."""

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
MOST_SHIFT = 0.05
SHIFT = """() => new Promise((done) => {
  let moved = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => one.hadRecentInput || (moved += one.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 50);
})"""


def jumps(seen) -> list[str]:
    """Whether what is seen of a page moved while it loaded, by the web's cumulative layout shift."""
    moved = seen.page.evaluate(SHIFT)
    return [f"a layout shift of {moved:.3f}"] if moved > MOST_SHIFT else []
