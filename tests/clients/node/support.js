// What both drivers need: checks, the sandbox's controls, waiting.
const crypto = require("crypto");
const fs = require("fs");

const demo = JSON.parse(fs.readFileSync(process.env.DEMO, "utf8"));
let checks = 0;

function check(what, holds, shown) {
  checks += 1;
  console.log((holds ? "ok   " : "FAIL ") + what);
  if (!holds) {
    console.error(JSON.stringify(shown));
    process.exit(1);
  }
}

async function control(path, data) {
  const ts = String(Math.floor(Date.now() / 1000));
  const api_sig = crypto.createHmac("sha1", demo.private_key).update(ts).digest("hex");
  const form = new URLSearchParams({ api_key: demo.public_key, ts, api_sig, data: JSON.stringify(data || {}) });
  const answer = await (await fetch(demo.api_base + "sandbox/" + path, { method: "POST", body: form })).json();
  if (answer.opstat !== "ok") throw new Error(JSON.stringify(answer));
  return answer.response;
}

async function until(what, done) {
  for (let turn = 0; turn < 400; turn += 1) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("never: " + what);
}

// The client as it is, but each method that is called is struck off a list. `unused` names the rest.
function watched(client) {
  const unused = new Set();
  const wrap = (object, path) =>
    Object.fromEntries(
      Object.entries(object).map(([name, member]) => {
        const here = path ? `${path}.${name}` : name;
        if (typeof member !== "function") return [name, wrap(member, here)];
        unused.add(here);
        return [name, (...input) => (unused.delete(here), member(...input))];
      })
    );
  return { client: wrap(client, ""), unused };
}

const job = (text, more) =>
  Object.assign({ type: "text", slug: "s", body_src: text, lc_src: "en", lc_tgt: "fr", tier: "standard" }, more);

module.exports = { demo, check, control, until, watched, job, checks: () => checks };
