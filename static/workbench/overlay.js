// One canvas over the image: every layer paints on it, once a frame of the screen.

export class Overlay {
  canvas; stage;
  painters = []; waiting = false; milliseconds = 0;

  constructor(canvas, stage) {
    Object.assign(this, { canvas, stage });
    for (const name of ["view", "frame", "style"]) stage.addEventListener(name, () => this.ask());
  }

  add(painter) {
    this.painters.push(painter);
  }

  ask() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint();
    });
  }

  paint() {
    const { canvas, stage } = this;
    if (!stage.frame) return;
    const began = performance.now();
    const { width, height } = stage.size;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    for (const painter of this.painters) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.globalAlpha = 1;
      painter(context, ratio);
    }
    this.milliseconds = performance.now() - began;
    canvas.dataset.milliseconds = this.milliseconds.toFixed(1);
  }
}
