// The toolbar: planes, stretch, limits, colours, zoom; and the keys that do the same.

const ZOOM = 1.5;

export class Controls {
  bench; root;

  constructor(bench, root) {
    Object.assign(this, { bench, root });
    this.part = (name) => root.querySelector(`[data-control="${name}"]`);
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.connectTabs();
    this.connectStyle();
    this.connectView();
    document.addEventListener("keydown", (event) => this.key(event));
    bench.stage.addEventListener("view", () => this.showView());
    for (const name of ["frame", "style"]) bench.stage.addEventListener(name, () => this.showStyle());
  }

  connectTabs() {
    this.tabs.forEach((tab, n) => {
      tab.addEventListener("click", () => this.bench.showPlane(tab.dataset.plane));
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: this.tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        const next = this.tabs[(to + this.tabs.length) % this.tabs.length];
        next.focus();
        next.click();
      });
    });
  }

  connectStyle() {
    const { bench } = this;
    this.part("stretch").addEventListener("change", (event) => bench.style({ stretch: event.target.value }));
    this.part("map").addEventListener("change", (event) => bench.style({ map: event.target.value }));
    this.part("invert").addEventListener("click", () => bench.style({ invert: !bench.current.invert }));
    this.part("limits").addEventListener("change", (event) => {
      const { value } = event.target;
      if (value === "typed") return bench.style({ limits: "typed", low: bench.stage.limits[0], high: bench.stage.limits[1] });
      bench.style(value === "zscale" ? { limits: "zscale" } : { limits: "percent", percent: Number(value) });
    });
    for (const name of ["low", "high"]) this.part(name).addEventListener("change", () => this.typed());
  }

  // Limits as they are typed; what is no range is said, and not used.
  typed() {
    const [low, high] = ["low", "high"].map((name) => Number(this.part(name).value.trim().replace("−", "-") || NaN));
    const wrong = !Number.isFinite(low) || !Number.isFinite(high) || low >= high;
    for (const name of ["low", "high"]) this.part(name).toggleAttribute("aria-invalid", wrong);
    if (wrong) return this.bench.fail(new Error(`low=${this.part("low").value}, high=${this.part("high").value}: give two numbers, the lower one first`));
    this.bench.style({ limits: "typed", low, high });
  }

  connectView() {
    const { bench } = this;
    const { stage } = bench;
    this.part("in").addEventListener("click", () => this.zoom(ZOOM));
    this.part("out").addEventListener("click", () => this.zoom(1 / ZOOM));
    this.part("one").addEventListener("click", () => { bench.whole = false; stage.zoomTo(1); });
    this.part("fit").addEventListener("click", () => { bench.whole = true; stage.fit(); bench.changed(); });
    this.part("north").addEventListener("click", () => { stage.turn(!stage.north); bench.changed(); });
  }

  zoom(by) {
    this.bench.whole = false;
    this.bench.stage.zoomTo(this.bench.stage.zoom * by);
  }

  showView() {
    const { stage } = this.bench;
    const percent = stage.zoom * 100;
    this.part("zoom").textContent = `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
    this.part("north").setAttribute("aria-pressed", String(stage.north));
  }

  showStyle() {
    const { current, stage } = this.bench;
    for (const tab of this.tabs) {
      const chosen = tab.dataset.plane === stage.frame.plane;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.part("stretch").value = current.stretch;
    this.part("map").value = current.map;
    this.part("invert").setAttribute("aria-pressed", String(current.invert));
    const limits = this.part("limits");
    const value = current.limits === "percent" ? String(current.percent) : current.limits;
    if (![...limits.options].some((one) => one.value === value)) limits.append(new Option(`${value} %`, value));
    limits.value = value;
    const [low, high] = stage.limits;
    const digits = Math.max(5, Math.ceil(Math.log10(Math.abs(high) / (high - low) || 1)) + 4);
    for (const [name, one] of [["low", low], ["high", high]]) {
      this.part(name).value = String(Number(one.toPrecision(Math.min(12, digits))));
      this.part(name).removeAttribute("aria-invalid");
    }
  }

  // Keys work wherever nothing is typed and nothing else has them.
  key(event) {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !this.bench.stage.frame) return;
    if (target.matches?.("input:not([type=checkbox]), select, textarea, [role=tab]")) return;
    if ((event.key === " " || event.key === "Enter") && target.matches?.("button, summary, input, a")) return;
    const act = this.action(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action({ key, shiftKey, target }) {
    const { compare, readout, stage, catalogs, tools } = this.bench;
    const blinking = compare.mode === "blink";
    const step = shiftKey ? 10 : 1;
    const inStage = stage.element.contains(target) && target.matches("#wb-stage, #wb-stage *");
    const arrows = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (blinking && key === " ") return () => compare.play(!compare.timer);
    if (blinking && (key === "ArrowLeft" || key === "ArrowRight")) return () => compare.step(key === "ArrowLeft" ? -1 : 1);
    if (key in arrows) return inStage ? () => readout.step(...this.turned(arrows[key])) : null;
    return {
      b: () => compare.choose(blinking ? "single" : "blink", blinking ? [] : compare.pids ?? []),
      "+": () => this.zoom(ZOOM), "=": () => this.zoom(ZOOM), "-": () => this.zoom(1 / ZOOM),
      0: () => this.part("fit").click(), 1: () => this.part("one").click(), n: () => this.part("north").click(), i: () => this.part("invert").click(),
      c: () => this.bench.toMiddle(),
      Enter: inStage && tools.tool === "polygon" ? () => tools.finish() : inStage && readout.cross ? () => this.bench.pickAtCross() : null,
      Escape: () => { catalogs.unpin(); tools.choose("pan"); },
    }[key];
  }

  // A step on the screen as a step in the pixels of a turned image.
  turned([dx, dy]) {
    const t = this.bench.stage.shown.image.params.transform;
    if (!t) return [dx, dy];
    const m = this.bench.stage.shown.matrix;
    const d = m[0] * m[3] - m[1] * m[2];
    const [x, y] = [(m[3] * dx + m[2] * dy) / d, (-m[1] * dx - m[0] * dy) / d];
    const size = Math.hypot(x, y);
    return [(x / size) * Math.hypot(dx, dy), (y / size) * Math.hypot(dx, dy)];
  }
}
