// What scripts are told when a server answers, refuses, waits, leads elsewhere or is not there.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Problem, asked, fetched, isAbort, latest, wordsOf } from "../../../static/ui/ask.js";

const ANSWERS = {
  "/rows": [200, "application/json", '{"rows": 3}'],
  "/broken": [200, "application/json", '{"rows": '],
  "/problem": [400, "application/problem+json", '{"title": "Bad request", "detail": "radius=-1: must be positive"}'],
  "/listed": [400, "application/json", '{"detail": ["a list"]}'],
  "/plain": [404, "text/plain; charset=utf-8", "there is no such image\nand more"],
  "/nowhere": [404, "text/html", "<h1>Not found</h1>"],
  "/page": [502, "text/html", "<h1>Bad gateway</h1>"],
  "/ended": [401, "application/problem+json", '{"detail": "the session has ended"}'],
  "/sign-in/": [200, "text/html", "<h1>Sign in</h1>"],
};
let server, site;

before(async () => {
  server = createServer((request, response) => {
    const path = new URL(request.url, "http://here").pathname;
    if (path === "/never") return;
    if (path === "/mine") return response.writeHead(302, { Location: "/sign-in/?next=/mine" }).end();
    const [status, type, body] = ANSWERS[path];
    return response.writeHead(status, { "Content-Type": type }).end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  site = `http://127.0.0.1:${server.address().port}`;
  // The little of a page that it reads
  globalThis.document = { baseURI: `${site}/images/?field=557`, documentElement: { dataset: { signIn: "/sign-in/" } } };
  globalThis.location = { pathname: "/images/", search: "?field=557" };
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const failing = (promise) => promise.then(() => assert.fail("it succeeded"), (error) => error);

test("an answer is given as it is", async () => assert.deepEqual(await asked(`${site}/rows`), { rows: 3 }));

test("a refusal has the server's own words where it gives some", async () => {
  const said = async (path) => (await failing(asked(site + path))).message;
  assert.equal(await said("/problem"), "radius=-1: must be positive");
  assert.equal(await said("/plain"), "there is no such image");
  assert.equal(await said("/nowhere"), "it is not here, or not open to you (404)");
  assert.equal(await said("/page"), "the server answers 502");
  assert.equal(await said("/listed"), "the server answers 400");
});

test("a refusal has its status and its kind", async () => {
  const error = await failing(fetched(`${site}/problem`));
  assert.ok(error instanceof Problem);
  assert.deepEqual([error.kind, error.status, error.link], ["refused", 400, ""]);
});

test("who is signed out is told so, with the way back to this page", async () => {
  for (const path of ["/mine", "/ended"]) {
    const error = await failing(asked(site + path));
    assert.equal(error.kind, "signed-out");
    assert.equal(error.link, "/sign-in/?next=%2Fimages%2F%3Ffield%3D557");
    assert.match(error.message, /not signed in/);
  }
});

test("an answer that breaks off is not readable", async () => {
  assert.equal((await failing(asked(`${site}/broken`))).kind, "unreadable");
});

test("a server that is silent is not waited for without end", async () => {
  const error = await failing(asked(`${site}/never`, { patience: 50 }));
  assert.equal(error.kind, "slow");
});

test("a server that is not there cannot be reached", async () => {
  const error = await failing(asked("http://127.0.0.1:1/"));
  assert.deepEqual([error.kind, error.message], ["unreachable", "the server cannot be reached; try again later"]);
});

test("a newer question ends the one before", async () => {
  const anew = latest();
  const older = failing(asked(`${site}/never`, { signal: anew() }));
  assert.deepEqual(await asked(`${site}/rows`, { signal: anew() }), { rows: 3 });
  assert.ok(isAbort(await older));
});

test("long pages of plain text are cut to their first line", async () => {
  const words = await wordsOf(new Response("x".repeat(1000), { status: 400, headers: { "Content-Type": "text/plain" } }));
  assert.equal(words.length, 300);
});
