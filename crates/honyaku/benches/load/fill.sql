-- Rows of a sandbox that was busy for 400 days: {jobs} jobs in {accounts} accounts, ten jobs an order. Account 1, the
-- measured one, has 100 orders spread evenly over the time; account 2 has each hundredth order; the others share the rest.
-- The newest hundredth of the orders is still being worked on. Events are younger than 30 days, as the server keeps them.
-- One text for both engines but for {series …} and {random key}. Ids are computed, so that nothing is looked up.

INSERT INTO account (id, name, short_name, currency, created_at)
SELECT i, 'Account ' || i, 'account-' || i, 'USD', {began} FROM {series accounts} WHERE i > 1;

INSERT INTO person (id, account_id, email, full_name, display_name, language_code, role, password_hash, created_at)
SELECT {base} + i, i, 'owner@account-' || i || '.invalid', 'Owner', 'Owner', 'en', 'customer', '-', {began}
FROM {series accounts} WHERE i > 1;

INSERT INTO environment (account_id, sandbox) SELECT i, 0 FROM {series accounts} WHERE i > 1;
INSERT INTO environment (account_id, sandbox) SELECT i, 1 FROM {series accounts} WHERE i > 1;

INSERT INTO api_key (id, account_id, sandbox, name, public_key, private_key, webhook_secret, guard_identical, created_at)
SELECT {base} + i, i, 1, 'filled', 'filled-' || i, {random key}, {random key}, 0, {began}
FROM {series accounts} WHERE i > 1;

INSERT INTO destination (id, address, due_at)
SELECT {base} + i, 'https://account-' || i || '.invalid', 9223372036854775807 FROM {series accounts};

INSERT INTO "order" (id, account_id, sandbox, key_id, currency, allow_fork, created_at)
SELECT o, account, 1, CASE account WHEN 1 THEN 1 ELSE {base} + account END, 'USD', 0, {began} + o * {apart}
FROM (SELECT i AS o, CASE WHEN i % {stride} = 1 THEN 1 WHEN i % 100 = 2 THEN 2
    ELSE 3 + i * 7919 % ({accounts} - 2) END AS account FROM {series orders}) AS owned;

INSERT INTO job (id, account_id, sandbox, order_id, key_id, status, slug, body_src, lc_src, lc_tgt, tier, edit, unit_count,
    count_rule, currency, unit_price, price, escrow, text_key, lookup, auto_approve, use_preferred, custom_data, body_tgt,
    submissions, version, events, created_at, changed_at)
SELECT i, account, 1, o, CASE account WHEN 1 THEN 1 ELSE {base} + account END, status, 'Text ' || i,
    'Product ' || i || ' is delivered within three days, ' || units || ' words of it are counted here and paid for.',
    'en', 'ja', 'standard', 0, units, 1, 'USD', 500, units * 5,
    CASE WHEN status IN ('approved', 'canceled') THEN 0 ELSE units * 5 END, {random key},
    CASE status WHEN 'canceled' THEN 0 ELSE 1 END, 0, 0, 'row ' || i,
    CASE WHEN status IN ('approved', 'reviewable') THEN 'Translation of product ' || i || ', which is about as long as its source text is.' END,
    CASE WHEN status IN ('approved', 'reviewable') THEN 1 ELSE 0 END, 4, 4,
    {began} + o * {apart}, {began} + o * {apart} + 7200000
FROM (SELECT i, (i + 9) / 10 AS o, 10 + i % 40 AS units,
    CASE WHEN (i + 9) / 10 % {stride} = 1 THEN 1 WHEN (i + 9) / 10 % 100 = 2 THEN 2
        ELSE 3 + (i + 9) / 10 * 7919 % ({accounts} - 2) END AS account,
    CASE WHEN (i + 9) / 10 > {open from} THEN CASE i % 4 WHEN 0 THEN 'available' WHEN 1 THEN 'pending' WHEN 2 THEN 'reviewable'
        ELSE 'approved' END WHEN i % 25 = 7 THEN 'canceled' ELSE 'approved' END AS status
    FROM {series jobs}) AS drawn;

INSERT INTO claim (id, account_id, sandbox, translator_id, role, state, deadline, created_at)
SELECT id, account_id, 1, 9001 + id % 10, 'translate',
    CASE status WHEN 'pending' THEN 'active' WHEN 'reviewable' THEN 'submitted' ELSE 'finished' END,
    {now} + 86400000, created_at + 1800000
FROM job WHERE status IN ('pending', 'reviewable', 'approved') ORDER BY id;

INSERT INTO claim_job (account_id, claim_id, job_id, active)
SELECT account_id, id, id, CASE status WHEN 'pending' THEN 1 ELSE 0 END
FROM job WHERE status IN ('pending', 'reviewable', 'approved') ORDER BY id;

INSERT INTO revision (id, account_id, job_id, translator_id, body_tgt, created_at)
SELECT id, account_id, id, 9001 + id % 10, body_tgt, changed_at FROM job WHERE body_tgt IS NOT NULL ORDER BY id;

INSERT INTO reward (account_id, job_id, role, round, translator_id, currency, amount)
SELECT account_id, id, 'translate', 0, 9001 + id % 10, 'USD', unit_count * 3 FROM job WHERE status = 'approved' ORDER BY id;

INSERT INTO feedback (job_id, account_id, rating, for_translator, created_at)
SELECT id, account_id, 4, 'Thank you', changed_at FROM job WHERE status = 'approved' AND id % 4 = 0 ORDER BY id;

INSERT INTO comment (id, account_id, sandbox, job_id, author, body, created_at)
SELECT id, account_id, 1, id, 'customer', 'Please keep the names as they are.', created_at FROM job WHERE id % 5 = 0 ORDER BY id;

INSERT INTO glossary (id, account_id, sandbox, title, lc_src, targets, unit_count, csv, created_at)
SELECT {base} + i, i, 1, 'Names', 'en', 'ja', 2, {random key}, {began} FROM {series accounts};

-- Money: each account was granted credits once, each job charged, and approved or refunded.
INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, actor, created_at)
SELECT {base} + i, 1, 'grant:filled-' || i, 'test_grant', i, 'sandbox', {began} FROM {series accounts};

INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, order_id, job_id, actor, created_at)
SELECT {money} + 2 * id, 1, 'charge:' || id, 'charge', account_id, order_id, id, 'customer_api', created_at
FROM job ORDER BY id;

INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, order_id, job_id, actor, created_at)
SELECT {money} + 2 * id + 1, 1, CASE status WHEN 'approved' THEN 'approve:' || id || ':0' ELSE 'cancel:' || id END,
    CASE status WHEN 'approved' THEN 'approve' ELSE 'refund' END, account_id, order_id, id, 'customer_api', changed_at
FROM job WHERE status IN ('approved', 'canceled') ORDER BY id;

INSERT INTO ledger_entry (account_id, transaction_id, line, sandbox, ledger_account, currency, amount)
SELECT i, {base} + i, line, 1, CASE line WHEN 0 THEN 'sandbox:world' ELSE 'sandbox:customer:' || i END, 'USD',
    CASE line WHEN 0 THEN -1000000000 ELSE 1000000000 END
FROM {series accounts} CROSS JOIN (SELECT 0 AS line UNION ALL SELECT 1) AS two;

INSERT INTO ledger_entry (account_id, transaction_id, line, sandbox, ledger_account, currency, amount)
SELECT account_id, {money} + 2 * id + CASE WHEN line < 2 THEN 0 ELSE 1 END, line % 2 + line / 4 * 2, 1,
    CASE WHEN line = 0 OR (line = 3 AND status = 'canceled') THEN 'sandbox:customer:' || account_id
        WHEN line < 3 THEN 'sandbox:escrow:' || id
        WHEN line = 3 THEN 'sandbox:translator:' || (9001 + id % 10)
        ELSE 'sandbox:platform:revenue' END,
    'USD',
    CASE line WHEN 0 THEN -price WHEN 1 THEN price WHEN 2 THEN -price
        WHEN 3 THEN CASE status WHEN 'canceled' THEN price ELSE unit_count * 3 END ELSE price - unit_count * 3 END
FROM job JOIN (SELECT 0 AS line UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS lines
    ON line < CASE status WHEN 'approved' THEN 5 WHEN 'canceled' THEN 4 ELSE 2 END;

-- Four events a job, and the callback of the last one.
INSERT INTO event (id, account_id, sandbox, type, actor, order_id, job_id, sequence, status_to, payload, outbox, key_id, created_at)
SELECT {base} + 4 * id + step, account_id, 1,
    CASE step WHEN 0 THEN 'job.available' WHEN 1 THEN 'job.started' WHEN 2 THEN 'job.reviewable' ELSE 'job.approved' END,
    'system', order_id, id, step + 1,
    CASE step WHEN 0 THEN 'available' WHEN 1 THEN 'pending' WHEN 2 THEN 'reviewable' ELSE 'approved' END,
    '{"job_id":"' || id || '","order_id":"' || order_id || '","slug":"' || slug || '","body_src":"' || body_src
        || '","lc_src":"en","lc_tgt":"ja","tier":"standard","currency":"USD","body_tgt":"' || COALESCE(body_tgt, '') || '"}',
    0, key_id, changed_at
FROM job CROSS JOIN (SELECT 0 AS step UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) AS steps
WHERE order_id > {events from} AND status = 'approved';

INSERT INTO delivery (id, account_id, sandbox, event_id, key_id, job_id, destination_id, url, state, attempts, run_at, created_at)
SELECT id, account_id, 1, {base} + 4 * id + 3, key_id, id, {base} + account_id,
    'https://account-' || account_id || '.invalid/callback', 'delivered', 1, changed_at, changed_at
FROM job WHERE order_id > {events from} AND status = 'approved' ORDER BY id;

INSERT INTO delivery_attempt (account_id, delivery_id, attempt, started_at, took_ms, status)
SELECT account_id, id, 1, created_at, 80, 200 FROM delivery ORDER BY id;

-- Timers of what is open.
INSERT INTO task (id, kind, account_id, sandbox, subject_id, payload, run_at, created_at)
SELECT id, CASE status WHEN 'pending' THEN 'claim_deadline' ELSE 'auto_approve' END, account_id, 1, id,
    CASE status WHEN 'pending' THEN '{"deadline":' || ({now} + 86400000) || '}' ELSE '{"version":4}' END,
    {now} + 86400000 + id, created_at
FROM job WHERE status IN ('pending', 'reviewable') ORDER BY id;
