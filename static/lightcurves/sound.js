// A folded light curve as sound: brighter is higher, one cycle in a few seconds.

import { phaseOf } from "./points.js";

const SECONDS = 6; // of a cycle
const STEPS = 60; // of a cycle
const [LOW, HIGH] = [220, 880]; // Hz: two octaves
const LOUDNESS = 0.15;
const FADE = 0.03; // s
const NAMES = { zg: "g", zr: "r", zi: "i" };

// The points of the filter that has most, or of one's own curve where there is no other.
function mostSeen(points) {
  const bands = new Map();
  points.forEach((one) => (bands.has(one.band) ? bands.get(one.band).push(one) : bands.set(one.band, [one])));
  return [...bands.values()].reduce((most, one) => (one.length > most.length ? one : most), []);
}

// Steps of a cycle: seconds from its start, and Hz, or null where no point is. Needs no sound, and makes none.
export function tones(points, period, epoch) {
  const sums = Array.from({ length: STEPS }, () => [0, 0]);
  for (const one of points) {
    const step = sums[Math.min(STEPS - 1, Math.floor(phaseOf(one, period, epoch) * STEPS))];
    step[0] += one.mag;
    step[1] += 1;
  }
  const means = sums.map(([sum, count]) => (count ? sum / count : null));
  const known = means.filter((one) => one !== null);
  const [brightest, faintest] = [Math.min(...known), Math.max(...known)];
  const range = faintest - brightest || 1;
  return means.map((mag, k) => ({ at: (k / STEPS) * SECONDS, hertz: mag === null ? null : LOW * (HIGH / LOW) ** ((faintest - mag) / range) }));
}

// The button plays what `curve` gives ({points, period, epoch}, or null where nothing is folded), and stops it.
export function connectSound(button, curve, say) {
  const Context = window.AudioContext ?? window.webkitAudioContext;
  if (!button || !Context) return button?.remove();
  let playing = null;

  const stop = () => {
    playing?.oscillator.stop();
    playing?.context.close();
    playing = null;
    button.textContent = "Listen";
    button.setAttribute("aria-pressed", "false");
  };

  button.addEventListener("click", () => {
    if (playing) {
      stop();
      say("Stopped.");
      return;
    }
    const folded = curve();
    const points = folded ? mostSeen(folded.points) : [];
    if (!points.length) {
      say(folded ? "No point is shown to listen to." : "Fold the light curve with a period first.");
      return;
    }
    playing = play(new Context(), tones(points, folded.period, folded.epoch), () => { stop(); say("One cycle was played."); });
    button.textContent = "Stop";
    button.setAttribute("aria-pressed", "true");
    say(`One cycle of the ${NAMES[points[0].band] ?? points[0].band} curve in ${SECONDS} seconds: higher is brighter, silence has no point.`);
  });
}

function play(context, steps, done) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.connect(gain).connect(context.destination);
  const start = context.currentTime + FADE;
  gain.gain.setValueAtTime(0, context.currentTime);
  for (const { at, hertz } of steps) {
    if (hertz !== null) oscillator.frequency.setTargetAtTime(hertz, start + at, FADE / 2);
    gain.gain.setTargetAtTime(hertz === null ? 0 : LOUDNESS, start + at, FADE / 2);
  }
  gain.gain.setTargetAtTime(0, start + SECONDS, FADE / 2);
  oscillator.onended = done;
  oscillator.start(start);
  oscillator.stop(start + SECONDS + 4 * FADE);
  return { context, oscillator: { stop: () => { oscillator.onended = null; oscillator.stop(); } } };
}
