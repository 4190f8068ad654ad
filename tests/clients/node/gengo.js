// The npm client `gengo`, unmodified, through every method it has.
const { promisify } = require("util");
const { demo, check, control, until, watched, job, checks } = require("./support");

const gengo = require("gengo");
const { client, unused } = watched(gengo(demo.public_key, demo.private_key, true));
const call = (method, ...input) => promisify(method)(...input);
const refusal = (method, ...input) => call(method, ...input).then(() => null, (error) => error);

async function main() {
  check("balance", (await call(client.account.balance)).currency === "USD");
  check("stats", (await call(client.account.stats)).customer_type === "Retail");
  check("preferred", Array.isArray(await call(client.account.preferredTranslators)));
  check("pairs", (await call(client.service.languagePairs, { lcSrc: "ja" })).every((pair) => pair.lc_src === "ja"));
  check("languages", (await call(client.service.languages, {})).length === 39);
  const quote = await call(client.service.quote, { jobs: { a: job("one two three") } });
  check("quote", quote.jobs.a.unit_count === 3, quote);
  const file = await refusal(client.service.quoteFiles, { jobs: { a: { type: "file", fileKey: "x" } } });
  check("file quote", file.code === 1802 && file.msg.includes("not available on this server yet"), file);
  const glossaries = await call(client.glossary.list, {});
  check("glossary", (await call(client.glossary.get, glossaries[0].id)).title === "terms.csv");

  const order = await call(client.jobs.create, { jobs: { a: job("npm one"), b: job("npm two"), c: job("npm three") }, asGroup: 0 });
  check("order", order.job_count === 3 && order.credits_used === "0.30", order);
  const { a, b, c } = order.job_ids;
  await until("on the board", async () => (await call(client.order.get, order.order_id)).order.jobs_queued === 0);
  check("order's jobs", (await call(client.order.get, { id: order.order_id })).order.jobs_available.length === 3);
  check("jobs by id", (await call(client.jobs.get, [a, b])).jobs.length === 2);
  check("jobs with a slash", (await call(client.jobs.get, { count: 2 })).length === 2);
  check("list", (await call(client.jobs.list, { status: "available", count: 200 })).length >= 3);
  await call(client.job.comments.create, { id: a, body: "bonjour" });
  check("comments", (await call(client.job.comments.get, a)).thread[0].body === "bonjour");
  await control(`job/${a}/take`);
  await control(`job/${a}/submit`, { body_tgt: "un" });
  const revisions = (await call(client.job.revisions.list, a)).revisions;
  const revision = await call(client.job.revisions.get, { id: a, revId: revisions[0].rev_id });
  check("revision", revision.revision.body_tgt === "un");
  await call(client.job.update, { id: a, action: "approve", rating: 5, forTranslator: "merci" });
  check("approved", (await call(client.job.get, a)).job.status === "approved");
  check("feedback", (await call(client.job.feedback, a)).feedback.rating === "5.0");
  await call(client.job.delete, b);
  check("canceled", (await call(client.job.get, { id: b })).job.status === "canceled");
  await call(client.order.delete, order.order_id);
  check("order canceled", (await call(client.job.get, c)).job.status === "canceled");
  const unknown = await refusal(client.job.get, 999999);
  check("a refusal", unknown.code === 2100, unknown);
  const faults = await refusal(client.jobs.create, { jobs: { x: { bodySrc: "x" } } });
  check("faults by job", faults.x[0].code === 1500, faults);
  const array = await refusal(client.jobs.create, { jobs: [job("sent as an array"), { bodySrc: "x" }] });
  check("faults by index, and nothing is stored", array["1"][0].code === 1500 && !array["0"], array);
  const list = await call(client.jobs.create, { jobs: [job("sent as an array"), job("sent as an array")] });
  check("an array comes back as an array", Array.isArray(list.jobs) && list.jobs[0][0].job_id === list.jobs[1][0].job_id, list);
  check("equal texts are charged once", list.credits_used === "0.20", list);
  const renamed = await call(client.service.quote, { jobs: { jobOne: job("one") } });
  check("broken in the client: keys of jobs are rewritten", Object.keys(renamed.jobs).join() === "job_one", renamed);

  const live = gengo(demo.public_key, demo.private_key);
  check("without the sandbox flag, over HTTPS", (await call(live.account.balance)).currency === "USD");
  const stranger = gengo(demo.public_key, "wrong", true);
  check("a wrong signature", (await refusal(stranger.account.balance)).code === 1000);
  check("every method of the client was called", unused.size === 0, [...unused]);
  console.log(`npm gengo: ${checks()} checks`);
}

main().catch((error) => { console.error(error); process.exit(1); });
