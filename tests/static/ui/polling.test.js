// How often a page asks again, and when it ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../../static/ui/ask.js";
import { isLast, nextWait } from "../../../static/ui/polling.js";

test("news are asked for each second, silence less and less often, down to three times a minute", () => {
  const waits = [1000];
  for (let k = 0; k < 20; k++) waits.push(nextWait(waits.at(-1), false));
  assert.ok(waits.every((one, k) => k === 0 || one >= waits[k - 1]));
  assert.equal(waits[1], 1300);
  assert.equal(waits.at(-1), 20_000);
  assert.equal(nextWait(20_000, true), 1000);
});

test("what is refused ends it at once, what is busy or away only when it goes on", () => {
  const refused = (status) => new Problem("refused", "no", { status });
  assert.ok(isLast(refused(404), 1) && isLast(refused(403), 1));
  assert.ok(isLast(new Problem("signed-out", "gone", { status: 401 }), 1));
  for (const passing of [refused(429), refused(503), new Problem("offline", "no net"), new Problem("slow", "late")]) {
    assert.ok(!isLast(passing, 3) && isLast(passing, 4));
  }
});
