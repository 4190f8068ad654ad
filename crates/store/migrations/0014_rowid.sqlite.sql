-- Tables stand by their primary key. SQLite takes only `INTEGER PRIMARY KEY` for a row's own number; `BIGINT PRIMARY KEY` was an
-- index beside it, so each row by its id was looked for twice and written twice. Where the key is short and the rows are, the table
-- is its key (WITHOUT ROWID). Each table is written anew, in the order of its key; `prepare` turns foreign keys off for that, and
-- checks them after.

DROP TRIGGER job_moves_by_the_rules;
DROP TRIGGER job_lookup_never_returns;
DROP TRIGGER ledger_transaction_is_kept;
DROP TRIGGER ledger_transaction_stays;
DROP TRIGGER ledger_entry_stays;
DROP TRIGGER ledger_entry_is_kept;

CREATE TABLE new_account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    short_name TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY')),
    suspended BIGINT NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    auto_approve BIGINT NOT NULL DEFAULT 0 CHECK (auto_approve IN (0, 1)),
    review_hours BIGINT,
    rating_required BIGINT NOT NULL DEFAULT 0 CHECK (rating_required IN (0, 1)),
    created_at BIGINT NOT NULL
);
INSERT INTO new_account SELECT * FROM account ORDER BY id;
DROP TABLE account;
ALTER TABLE new_account RENAME TO account;

CREATE TABLE new_person (
    id INTEGER PRIMARY KEY,
    account_id BIGINT REFERENCES account (id),
    email TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    language_code TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('customer', 'translator', 'operator')),
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO new_person SELECT * FROM person ORDER BY id;
DROP TABLE person;
ALTER TABLE new_person RENAME TO person;
CREATE INDEX person_account ON person (account_id);

CREATE TABLE new_environment (
    account_id BIGINT NOT NULL REFERENCES account (id),
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    clock_offset_ms BIGINT NOT NULL DEFAULT 0 CHECK (clock_offset_ms >= 0),
    robot TEXT NOT NULL DEFAULT '{}',
    -- Jobs of a sandbox, which may hold so many only.
    jobs BIGINT NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    -- Steps by hand send no callbacks, as in the original's sandbox.
    controls_silent BIGINT NOT NULL DEFAULT 0 CHECK (controls_silent IN (0, 1)),
    version BIGINT NOT NULL DEFAULT 0,
    inbox_bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, sandbox)
) WITHOUT ROWID;
INSERT INTO new_environment SELECT * FROM environment ORDER BY account_id, sandbox;
DROP TABLE environment;
ALTER TABLE new_environment RENAME TO environment;

CREATE TABLE new_api_key (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    private_key BYTEA NOT NULL,
    webhook_secret BYTEA NOT NULL,
    callback_url TEXT,
    callback_encoding TEXT NOT NULL DEFAULT 'form' CHECK (callback_encoding IN ('form', 'multipart', 'json')),
    callback_all BIGINT NOT NULL DEFAULT 0 CHECK (callback_all IN (0, 1)),
    numbers_current BIGINT NOT NULL DEFAULT 0 CHECK (numbers_current IN (0, 1)),
    strict_ts BIGINT NOT NULL DEFAULT 0 CHECK (strict_ts IN (0, 1)),
    guard_identical BIGINT NOT NULL CHECK (guard_identical IN (0, 1)),
    addresses TEXT,
    versions TEXT NOT NULL DEFAULT 'v1,v1.1,v2',
    spending_limit BIGINT,
    spent BIGINT NOT NULL DEFAULT 0,
    test_run TEXT,
    successor_id BIGINT REFERENCES api_key (id),
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
INSERT INTO new_api_key SELECT * FROM api_key ORDER BY id;
DROP TABLE api_key;
ALTER TABLE new_api_key RENAME TO api_key;
CREATE INDEX api_key_account ON api_key (account_id, sandbox);
CREATE INDEX api_key_test_run ON api_key (test_run) WHERE test_run IS NOT NULL;

CREATE TABLE new_order (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    key_id BIGINT REFERENCES api_key (id),
    currency TEXT NOT NULL,
    group_id BIGINT,
    allow_fork BIGINT NOT NULL CHECK (allow_fork IN (0, 1)),
    reference_id TEXT,
    callback_url TEXT,
    created_at BIGINT NOT NULL
);
INSERT INTO new_order SELECT * FROM "order" ORDER BY id;
DROP TABLE "order";
ALTER TABLE new_order RENAME TO "order";
CREATE INDEX order_account ON "order" (account_id, sandbox, id);

CREATE TABLE new_order_found (
    order_id BIGINT NOT NULL REFERENCES "order" (id),
    job_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, job_id)
) WITHOUT ROWID;
INSERT INTO new_order_found SELECT * FROM order_found ORDER BY order_id, job_id;
DROP TABLE order_found;
ALTER TABLE new_order_found RENAME TO order_found;
CREATE INDEX order_found_job ON order_found (job_id);

CREATE TABLE new_job (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    order_id BIGINT NOT NULL REFERENCES "order" (id),
    key_id BIGINT,
    group_id BIGINT,
    position BIGINT,
    status TEXT NOT NULL CHECK (status IN ('unpaid', 'queued', 'available', 'pending', 'reviewable', 'revising',
        'approved', 'rejected', 'canceled', 'hold')),
    held_from TEXT,
    slug TEXT NOT NULL,
    body_src TEXT NOT NULL,
    lc_src TEXT NOT NULL,
    lc_tgt TEXT NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('machine', 'standard', 'pro', 'ultra')),
    edit BIGINT NOT NULL CHECK (edit IN (0, 1)),
    unit_count BIGINT NOT NULL,
    count_rule BIGINT NOT NULL,
    currency TEXT NOT NULL,
    unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
    price BIGINT NOT NULL CHECK (price >= 0),
    escrow BIGINT NOT NULL DEFAULT 0 CHECK (escrow >= 0 AND escrow <= price),
    text_key BYTEA NOT NULL,
    lookup BIGINT NOT NULL CHECK (lookup IN (0, 1)),
    auto_approve BIGINT NOT NULL CHECK (auto_approve IN (0, 1)),
    use_preferred BIGINT NOT NULL CHECK (use_preferred IN (0, 1)),
    callback_url TEXT,
    custom_data TEXT,
    glossary_id BIGINT,
    purpose TEXT,
    tone TEXT,
    max_chars BIGINT,
    attachments TEXT,
    instructions TEXT,
    body_tgt TEXT,
    draft_tgt TEXT,
    edit_reached BIGINT NOT NULL DEFAULT 0 CHECK (edit_reached IN (0, 1)),
    submissions BIGINT NOT NULL DEFAULT 0,
    round BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    events BIGINT NOT NULL DEFAULT 0,
    -- How often the sandbox's controls forced its status: its postings are numbered anew.
    forced BIGINT NOT NULL DEFAULT 0,
    deadline BIGINT,
    archived BIGINT NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    review_until BIGINT,
    -- A canceled or rejected job never answers lazy loading.
    CHECK (lookup = 0 OR status NOT IN ('canceled', 'rejected'))
);
INSERT INTO new_job SELECT * FROM job ORDER BY id;
DROP TABLE job;
ALTER TABLE new_job RENAME TO job;
CREATE UNIQUE INDEX job_lookup ON job (account_id, sandbox, text_key) WHERE lookup = 1;
CREATE INDEX job_text ON job (account_id, sandbox, text_key);
CREATE INDEX job_newest ON job (account_id, sandbox, created_at, id);
CREATE INDEX job_status ON job (account_id, sandbox, status, created_at, id);
CREATE INDEX job_order ON job (order_id, account_id, sandbox, status, id);
CREATE INDEX job_group ON job (group_id, account_id, sandbox, status) WHERE group_id IS NOT NULL;

CREATE TABLE new_job_move (
    status_from TEXT NOT NULL,
    status_to TEXT NOT NULL,
    PRIMARY KEY (status_from, status_to)
) WITHOUT ROWID;
INSERT INTO new_job_move SELECT * FROM job_move ORDER BY status_from, status_to;
DROP TABLE job_move;
ALTER TABLE new_job_move RENAME TO job_move;

CREATE TABLE new_job_force (job_id INTEGER PRIMARY KEY);
INSERT INTO new_job_force SELECT * FROM job_force ORDER BY job_id;
DROP TABLE job_force;
ALTER TABLE new_job_force RENAME TO job_force;

CREATE TABLE new_revision (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL REFERENCES job (id),
    translator_id BIGINT,
    body_tgt TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO new_revision SELECT * FROM revision ORDER BY id;
DROP TABLE revision;
ALTER TABLE new_revision RENAME TO revision;
CREATE INDEX revision_job ON revision (job_id, id);

CREATE TABLE new_claim (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    translator_id BIGINT NOT NULL,
    group_id BIGINT,
    role TEXT NOT NULL CHECK (role IN ('translate', 'edit')),
    state TEXT NOT NULL CHECK (state IN ('active', 'submitted', 'correcting', 'finished', 'declined', 'expired',
        'released', 'revoked', 'lost')),
    deadline BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    stopped_at BIGINT,
    corrects BIGINT
);
INSERT INTO new_claim SELECT * FROM claim ORDER BY id;
DROP TABLE claim;
ALTER TABLE new_claim RENAME TO claim;
CREATE INDEX claim_account ON claim (account_id, sandbox, translator_id);

CREATE TABLE new_claim_job (
    claim_id BIGINT NOT NULL REFERENCES claim (id),
    job_id BIGINT NOT NULL REFERENCES job (id),
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    account_id BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (claim_id, job_id)
) WITHOUT ROWID;
INSERT INTO new_claim_job SELECT * FROM claim_job ORDER BY claim_id, job_id;
DROP TABLE claim_job;
ALTER TABLE new_claim_job RENAME TO claim_job;
CREATE UNIQUE INDEX claim_active ON claim_job (job_id) WHERE active = 1;
CREATE INDEX claim_job_job ON claim_job (job_id, claim_id);

CREATE TABLE new_reward (
    job_id BIGINT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('translate', 'edit')),
    round BIGINT NOT NULL,
    translator_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    account_id BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, role, round)
) WITHOUT ROWID;
INSERT INTO new_reward SELECT * FROM reward ORDER BY job_id, role, round;
DROP TABLE reward;
ALTER TABLE new_reward RENAME TO reward;

CREATE TABLE new_comment (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    job_id BIGINT,
    order_id BIGINT,
    author TEXT NOT NULL CHECK (author IN ('customer', 'translator', 'senior translator', 'support')),
    body TEXT NOT NULL,
    attachments TEXT,
    created_at BIGINT NOT NULL,
    CHECK ((job_id IS NULL) <> (order_id IS NULL))
);
INSERT INTO new_comment SELECT * FROM comment ORDER BY id;
DROP TABLE comment;
ALTER TABLE new_comment RENAME TO comment;
CREATE INDEX comment_job ON comment (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX comment_order ON comment (order_id, id) WHERE order_id IS NOT NULL;

CREATE TABLE new_feedback (
    job_id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    rating BIGINT CHECK (rating BETWEEN 1 AND 5),
    rating_time BIGINT,
    rating_quality BIGINT,
    rating_response BIGINT,
    for_translator TEXT NOT NULL DEFAULT '',
    for_staff TEXT NOT NULL DEFAULT '',
    is_public BIGINT NOT NULL DEFAULT 0 CHECK (is_public IN (0, 1)),
    created_at BIGINT NOT NULL
);
INSERT INTO new_feedback SELECT * FROM feedback ORDER BY job_id;
DROP TABLE feedback;
ALTER TABLE new_feedback RENAME TO feedback;

CREATE TABLE new_captcha (
    token TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL REFERENCES job (id),
    tries_left BIGINT NOT NULL CHECK (tries_left >= 0),
    used BIGINT NOT NULL DEFAULT 0 CHECK (used IN (0, 1)),
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO new_captcha SELECT * FROM captcha ORDER BY token;
DROP TABLE captcha;
ALTER TABLE new_captcha RENAME TO captcha;
CREATE INDEX captcha_job ON captcha (job_id);

CREATE TABLE new_ledger_transaction (
    id INTEGER PRIMARY KEY,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account_id BIGINT,
    order_id BIGINT,
    job_id BIGINT,
    actor TEXT NOT NULL,
    note TEXT,
    reverses BIGINT,
    created_at BIGINT NOT NULL
);
INSERT INTO new_ledger_transaction SELECT * FROM ledger_transaction ORDER BY id;
DROP TABLE ledger_transaction;
ALTER TABLE new_ledger_transaction RENAME TO ledger_transaction;
CREATE INDEX ledger_transaction_account ON ledger_transaction (account_id, sandbox, id);
CREATE INDEX ledger_transaction_job ON ledger_transaction (account_id, job_id) WHERE job_id IS NOT NULL;

CREATE TABLE new_ledger_entry (
    transaction_id BIGINT NOT NULL REFERENCES ledger_transaction (id),
    line BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    ledger_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    account_id BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (transaction_id, line)
) WITHOUT ROWID;
INSERT INTO new_ledger_entry SELECT * FROM ledger_entry ORDER BY transaction_id, line;
DROP TABLE ledger_entry;
ALTER TABLE new_ledger_entry RENAME TO ledger_entry;
CREATE INDEX ledger_entry_account ON ledger_entry (ledger_account);

CREATE TABLE new_ledger_balance (
    ledger_account TEXT PRIMARY KEY,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    spent BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO new_ledger_balance SELECT * FROM ledger_balance ORDER BY ledger_account;
DROP TABLE ledger_balance;
ALTER TABLE new_ledger_balance RENAME TO ledger_balance;

CREATE TABLE new_event (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    order_id BIGINT,
    job_id BIGINT,
    comment_id BIGINT,
    sequence BIGINT NOT NULL,
    status_from TEXT,
    status_to TEXT,
    payload TEXT,
    -- To be sent: where to, by which key's rules. 1 until deliveries are made of it.
    outbox BIGINT NOT NULL CHECK (outbox IN (0, 1)),
    key_id BIGINT,
    callback_url TEXT,
    -- What the sandbox does to the callback on purpose.
    trick TEXT,
    created_at BIGINT NOT NULL
);
INSERT INTO new_event SELECT * FROM event ORDER BY id;
DROP TABLE event;
ALTER TABLE new_event RENAME TO event;
CREATE INDEX event_account ON event (account_id, sandbox, id);
CREATE INDEX event_outbox ON event (id) WHERE outbox = 1;
CREATE INDEX event_job ON event (job_id, account_id, sandbox, id) WHERE job_id IS NOT NULL;

CREATE TABLE new_destination (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    paused BIGINT NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    due_at BIGINT NOT NULL,
    busy_until BIGINT NOT NULL DEFAULT 0,
    standing TEXT NOT NULL DEFAULT 'new'
    CHECK (standing IN ('new', 'failing', 'slow', 'prompt'))
);
INSERT INTO new_destination SELECT * FROM destination ORDER BY id;
DROP TABLE destination;
ALTER TABLE new_destination RENAME TO destination;
CREATE INDEX destination_due ON destination (standing, due_at) WHERE paused = 0;

CREATE TABLE new_delivery (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    event_id BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    job_id BIGINT,
    destination_id BIGINT NOT NULL REFERENCES destination (id),
    url TEXT NOT NULL,
    trick TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts BIGINT NOT NULL DEFAULT 0,
    run_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);
INSERT INTO new_delivery SELECT * FROM delivery ORDER BY id;
DROP TABLE delivery;
ALTER TABLE new_delivery RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (destination_id, run_at) WHERE state = 'waiting';
CREATE INDEX delivery_account ON delivery (account_id, sandbox, id);
CREATE INDEX delivery_waiting ON delivery (account_id, sandbox, run_at) WHERE state = 'waiting';
CREATE INDEX delivery_event ON delivery (account_id, event_id);

CREATE TABLE new_task (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    subject_id BIGINT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{}',
    run_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    dead BIGINT NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    error TEXT,
    created_at BIGINT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0
);
INSERT INTO new_task SELECT * FROM task ORDER BY id;
DROP TABLE task;
ALTER TABLE new_task RENAME TO task;
CREATE INDEX task_due ON task (run_at) WHERE dead = 0;
CREATE INDEX task_subject ON task (subject_id, kind) WHERE dead = 0;
CREATE INDEX task_environment ON task (account_id, sandbox, dead, run_at);

CREATE TABLE new_identical_call (
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    digest BYTEA NOT NULL,
    order_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, sandbox, digest)
) WITHOUT ROWID;
INSERT INTO new_identical_call SELECT * FROM identical_call ORDER BY account_id, sandbox, digest;
DROP TABLE identical_call;
ALTER TABLE new_identical_call RENAME TO identical_call;
CREATE INDEX identical_call_age ON identical_call (created_at);

CREATE TABLE new_glossary (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    title TEXT NOT NULL,
    description TEXT,
    lc_src TEXT NOT NULL,
    targets TEXT NOT NULL,
    unit_count BIGINT NOT NULL,
    csv BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO new_glossary SELECT * FROM glossary ORDER BY id;
DROP TABLE glossary;
ALTER TABLE new_glossary RENAME TO glossary;
CREATE INDEX glossary_account ON glossary (account_id, sandbox, id);

CREATE TABLE new_preference (
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    translator_id BIGINT NOT NULL,
    lc_src TEXT NOT NULL,
    lc_tgt TEXT NOT NULL,
    tier TEXT NOT NULL,
    PRIMARY KEY (account_id, sandbox, translator_id, lc_src, lc_tgt, tier)
) WITHOUT ROWID;
INSERT INTO new_preference SELECT * FROM preference ORDER BY account_id, sandbox, translator_id, lc_src, lc_tgt, tier;
DROP TABLE preference;
ALTER TABLE new_preference RENAME TO preference;

CREATE TABLE new_inbox (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL DEFAULT '200',
    fail_next BIGINT NOT NULL DEFAULT 0 CHECK (fail_next >= 0),
    open_to_all BIGINT NOT NULL DEFAULT 0 CHECK (open_to_all IN (0, 1)),
    created_at BIGINT NOT NULL
);
INSERT INTO new_inbox SELECT * FROM inbox ORDER BY id;
DROP TABLE inbox;
ALTER TABLE new_inbox RENAME TO inbox;
CREATE INDEX inbox_account ON inbox (account_id);

CREATE TABLE new_inbox_request (
    id INTEGER PRIMARY KEY,
    inbox_id BIGINT NOT NULL REFERENCES inbox (id),
    account_id BIGINT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BYTEA NOT NULL,
    event TEXT,
    job_id BIGINT,
    attempt BIGINT,
    answered TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    key_id BIGINT
);
INSERT INTO new_inbox_request SELECT * FROM inbox_request ORDER BY id;
DROP TABLE inbox_request;
ALTER TABLE new_inbox_request RENAME TO inbox_request;
CREATE INDEX inbox_request_inbox ON inbox_request (inbox_id, id);
CREATE INDEX inbox_request_account ON inbox_request (account_id, id);
CREATE INDEX inbox_request_age ON inbox_request (created_at);

CREATE TABLE new_rate_use (
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    subject TEXT NOT NULL,
    requests BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO new_rate_use SELECT * FROM rate_use ORDER BY id;
DROP TABLE rate_use;
ALTER TABLE new_rate_use RENAME TO rate_use;

CREATE TABLE new_installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO new_installation SELECT * FROM installation ORDER BY name;
DROP TABLE installation;
ALTER TABLE new_installation RENAME TO installation;

CREATE TABLE new_mail (
    id INTEGER PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    recipient TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    run_at BIGINT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL
);
INSERT INTO new_mail SELECT * FROM mail ORDER BY id;
DROP TABLE mail;
ALTER TABLE new_mail RENAME TO mail;
CREATE INDEX mail_due ON mail (run_at) WHERE state = 'waiting';
CREATE INDEX mail_account ON mail (account_id);
CREATE INDEX mail_age ON mail (created_at) WHERE state <> 'waiting';

CREATE TABLE new_file (
    digest TEXT PRIMARY KEY,
    generation BIGINT NOT NULL CHECK (generation >= 0),
    size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
    touched_at BIGINT NOT NULL,
    doomed_at BIGINT
) WITHOUT ROWID;
INSERT INTO new_file SELECT * FROM file ORDER BY digest;
DROP TABLE file;
ALTER TABLE new_file RENAME TO file;
CREATE INDEX file_doomed ON file (doomed_at) WHERE doomed_at IS NOT NULL;

CREATE TRIGGER job_moves_by_the_rules BEFORE UPDATE OF status ON job
WHEN OLD.status <> NEW.status
    AND NOT EXISTS (SELECT 1 FROM job_move WHERE status_from = OLD.status AND status_to = NEW.status)
    AND NOT (NEW.sandbox = 1 AND EXISTS (SELECT 1 FROM job_force WHERE job_id = NEW.id))
BEGIN
    SELECT RAISE(ABORT, 'job: illegal move of status');
END;
CREATE TRIGGER job_lookup_never_returns BEFORE UPDATE OF lookup ON job
WHEN OLD.lookup = 0 AND NEW.lookup = 1
BEGIN
    SELECT RAISE(ABORT, 'job: lookup never returns to 1');
END;
CREATE TRIGGER ledger_transaction_is_kept BEFORE UPDATE ON ledger_transaction
BEGIN
    SELECT RAISE(ABORT, 'ledger: transactions never change');
END;
CREATE TRIGGER ledger_transaction_stays BEFORE DELETE ON ledger_transaction WHEN OLD.sandbox = 0
BEGIN
    SELECT RAISE(ABORT, 'ledger: transactions are never deleted');
END;
CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry WHEN OLD.sandbox = 0
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries are never deleted');
END;
CREATE TRIGGER ledger_entry_is_kept BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries never change');
END;
