// What scripts ask of the server: the answer, or an Error in words for a person.

// The answer to a request that succeeded.
export async function fetched(address, options = {}) {
  const answer = await fetch(address, options).catch((error) => {
    throw error.name === "AbortError" ? error : new Error("the server cannot be reached; try again later");
  });
  // Who is not signed in any more is led to another page, which is no answer to what was asked.
  if (answer.redirected && new URL(answer.url).pathname !== new URL(address, document.baseURI).pathname) {
    throw new Error("you are not signed in any more; sign in, then try again");
  }
  if (!answer.ok) throw new Error(await said(answer));
  return answer;
}

// The JSON of an answer.
export async function asked(address, options = {}) {
  const answer = await fetched(address, options);
  return answer.json().catch((error) => {
    throw error.name === "AbortError" ? error : new Error("the server's answer is not readable; try again later");
  });
}

// The server's own words where it gives some.
async function said(answer) {
  const isProblem = (answer.headers.get("Content-Type") || "").includes("json");
  const detail = isProblem ? (await answer.json().catch(() => ({}))).detail : null;
  return detail || `the server answers ${answer.status}`;
}
