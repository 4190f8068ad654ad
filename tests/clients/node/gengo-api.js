// The npm client `gengo-api`, unmodified, through every method it has.
const { demo, check, control, until, watched, job, checks } = require("./support");
const { initGengoAPI } = require("gengo-api");

const keys = { publicKey: demo.public_key, privateKey: demo.private_key };
const { client, unused } = watched(initGengoAPI({ ...keys, useSandbox: true }));
const refusal = (promise) => promise.then(() => null, (error) => error);

async function main() {
  check("balance", (await client.account.getBalance()).currency === "USD");
  check("stats", (await client.account.getStats()).billing_type === "Pre-pay");
  check("me", (await client.account.getMe()).language_code === "en");
  check("preferred", Array.isArray(await client.account.getPreferredTranslators()));
  check("pairs", (await client.service.getLanguagePairs({ lc_src: "ja" })).length > 0);
  check("languages", (await client.service.getLanguages()).length === 39);
  const quote = await client.service.getQuote({ jobs: [job("alpha beta")] });
  check("quote keeps the array", Array.isArray(quote.jobs) && quote.jobs[0].unit_count === 2, quote);
  const glossaries = await client.glossary.getGlossaries();
  check("glossary", (await client.glossary.getGlossary(glossaries[0].id)).id === glossaries[0].id);

  const order = await client.jobs.submitJobs({ jobs: [job("api one"), job("api two"), job("api three")] });
  check("order", order.job_count === 3, order);
  const [one, two, three] = order.job_ids;
  await until("on the board", async () => (await client.order.getOrderJobs(order.order_id)).order.jobs_queued === 0);
  check("list", (await client.jobs.listJobs({ status: "available" })).length >= 3);
  check("broken in the client: ids spread over numbers; it gets the list", Array.isArray(await client.jobs.getJobsById([one, two])));
  await client.job.postJobComment({ id: one, body: "without the last segment" });
  check("comment", (await client.job.getJobComments(one)).thread[0].body === "without the last segment");
  await client.order.postOrderComment({ id: order.order_id, body: "for all" });
  check("order's comment", (await client.order.getOrderComments(order.order_id)).thread[0].body === "for all");
  for (const id of [one, two]) {
    await control(`job/${id}/take`);
    await control(`job/${id}/submit`, { body_tgt: "fait" });
  }
  check("job", (await client.job.getJob(one)).job.body_tgt === "fait");
  const { revisions } = await client.job.getJobRevisions(one);
  check("revision", (await client.job.getJobRevision({ id: one, revId: revisions[0].rev_id })).revision.body_tgt === "fait");
  await client.job.updateJob({ id: one, action: "approve", rating: 3 });
  check("feedback", (await client.job.getJobFeedback(one)).feedback.rating === "3.0");
  await client.job.updateJob({ id: two, action: "reject", reason: "quality", comment: "no", follow_up: "requeue" });
  check("rejected without a captcha", (await client.job.getJob(two)).job.status === "available");
  await client.job.cancelJob(two);
  await client.order.cancelOrderJobs(order.order_id);
  check("canceled", (await client.job.getJob(three)).job.status === "canceled");
  const error = await refusal(client.job.cancelJob(one));
  check("a refusal", error.underlyingCode === 2252, String(error));
  const again = await client.jobs.submitJobs({ jobs: [job("api one"), job("api four")] });
  check("lazy loading, an array with a gap at its end", again.jobs[0][0].job_id === one && again.jobs.length === 1, again);
  const fault = await refusal(client.jobs.submitJobs({ jobs: [{ ...job("x"), tier: "gold" }] }));
  check("broken in the client: faults by job have no code there", fault.underlyingCode === undefined, String(fault));
  const file = await refusal(client.service.getQuote({ jobs: [{ type: "file", file_key: "x", lc_src: "en", lc_tgt: "fr", tier: "standard" }] }));
  check("a file quote says so", file.underlyingCode === 1802 && file.underlyingMessage.includes("not available on this server yet"), String(file));

  const fileJob = await refusal(client.jobs.submitJobs({ jobs: [{ type: "file", identifier: "x" }] }));
  check("a file job is refused, for the same reason without its code", fileJob instanceof Error && fileJob.underlyingCode === undefined, String(fileJob));

  const live = initGengoAPI(keys);
  check("without the sandbox flag, over HTTPS", (await live.account.getBalance()).currency === "USD");
  const stranger = await refusal(initGengoAPI({ ...keys, privateKey: "wrong" }).account.getBalance());
  check("a wrong signature", stranger.underlyingCode === 1000, String(stranger));
  check("every method of the client was called", unused.size === 0, [...unused]);
  console.log(`npm gengo-api: ${checks()} checks`);
}

main().catch((error) => { console.error(error); process.exit(1); });
