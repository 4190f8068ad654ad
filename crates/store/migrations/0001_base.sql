-- Columns are BIGINT, TEXT and BYTEA only: booleans 0/1, JSON as TEXT, times as epoch milliseconds.
-- `sandbox` says the environment of a row: 0 live, 1 sandbox. `account_id, sandbox` lead what belongs to a customer.

CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    short_name TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL CHECK (currency IN ('USD', 'EUR', 'GBP', 'JPY')),
    suspended BIGINT NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    auto_approve BIGINT NOT NULL DEFAULT 0 CHECK (auto_approve IN (0, 1)),
    review_hours BIGINT,
    rating_required BIGINT NOT NULL DEFAULT 0 CHECK (rating_required IN (0, 1)),
    created_at BIGINT NOT NULL
);

CREATE TABLE person (
    id BIGINT PRIMARY KEY,
    account_id BIGINT REFERENCES account (id),
    email TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    language_code TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('customer', 'translator', 'operator')),
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_account ON person (account_id);

CREATE TABLE environment (
    account_id BIGINT NOT NULL REFERENCES account (id),
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    clock_offset_ms BIGINT NOT NULL DEFAULT 0 CHECK (clock_offset_ms >= 0),
    robot TEXT NOT NULL DEFAULT '{}',
    -- Jobs of a sandbox, which may hold so many only.
    jobs BIGINT NOT NULL DEFAULT 0 CHECK (jobs >= 0),
    -- Steps by hand send no callbacks, as in the original's sandbox.
    controls_silent BIGINT NOT NULL DEFAULT 0 CHECK (controls_silent IN (0, 1)),
    PRIMARY KEY (account_id, sandbox)
);

CREATE TABLE api_key (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX api_key_account ON api_key (account_id, sandbox);
CREATE INDEX api_key_test_run ON api_key (test_run) WHERE test_run IS NOT NULL;

CREATE TABLE "order" (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX order_account ON "order" (account_id, sandbox, id);

-- Old jobs that an order found by lazy loading.
CREATE TABLE order_found (
    order_id BIGINT NOT NULL REFERENCES "order" (id),
    job_id BIGINT NOT NULL,
    PRIMARY KEY (order_id, job_id)
);

CREATE TABLE job (
    id BIGINT PRIMARY KEY,
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
    -- A canceled or rejected job never answers lazy loading.
    CHECK (lookup = 0 OR status NOT IN ('canceled', 'rejected'))
);
CREATE UNIQUE INDEX job_lookup ON job (account_id, sandbox, text_key) WHERE lookup = 1;
CREATE INDEX job_text ON job (account_id, sandbox, text_key);
CREATE INDEX job_newest ON job (account_id, sandbox, created_at, id);
CREATE INDEX job_status ON job (account_id, sandbox, status, created_at, id);
CREATE INDEX job_order ON job (order_id, status, id);
CREATE INDEX job_group ON job (group_id) WHERE group_id IS NOT NULL;

-- Which moves between statuses the rules know; the trigger refuses all others.
CREATE TABLE job_move (
    status_from TEXT NOT NULL,
    status_to TEXT NOT NULL,
    PRIMARY KEY (status_from, status_to)
);
-- The sandbox's force use case marks its transaction here, and takes the mark away.
CREATE TABLE job_force (job_id BIGINT PRIMARY KEY);

CREATE TABLE revision (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL REFERENCES job (id),
    translator_id BIGINT,
    body_tgt TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX revision_job ON revision (job_id, id);

CREATE TABLE claim (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    translator_id BIGINT NOT NULL,
    group_id BIGINT,
    role TEXT NOT NULL CHECK (role IN ('translate', 'edit')),
    state TEXT NOT NULL CHECK (state IN ('active', 'submitted', 'correcting', 'finished', 'declined', 'expired',
        'released', 'revoked', 'lost')),
    deadline BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE claim_job (
    claim_id BIGINT NOT NULL REFERENCES claim (id),
    job_id BIGINT NOT NULL REFERENCES job (id),
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    PRIMARY KEY (claim_id, job_id)
);
CREATE UNIQUE INDEX claim_active ON claim_job (job_id) WHERE active = 1;
CREATE INDEX claim_job_job ON claim_job (job_id, claim_id);

-- What a translator earned for a job: at most once a job, role and round.
CREATE TABLE reward (
    job_id BIGINT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('translate', 'edit')),
    round BIGINT NOT NULL,
    translator_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (job_id, role, round)
);

CREATE TABLE comment (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX comment_job ON comment (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX comment_order ON comment (order_id, id) WHERE order_id IS NOT NULL;

-- Files that came with comments; payloads link to them by token.
CREATE TABLE upload (
    token TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    filename TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX upload_account ON upload (account_id, sandbox);

CREATE TABLE feedback (
    job_id BIGINT PRIMARY KEY,
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

CREATE TABLE captcha (
    token TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    job_id BIGINT NOT NULL REFERENCES job (id),
    tries_left BIGINT NOT NULL CHECK (tries_left >= 0),
    used BIGINT NOT NULL DEFAULT 0 CHECK (used IN (0, 1)),
    expires_at BIGINT NOT NULL
);
CREATE INDEX captcha_job ON captcha (job_id);

CREATE TABLE rejection (
    job_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('quality', 'incomplete', 'other')),
    comment TEXT NOT NULL,
    follow_up TEXT NOT NULL CHECK (follow_up IN ('requeue', 'cancel')),
    translator_id BIGINT,
    decision TEXT CHECK (decision IN ('fair', 'unfair')),
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    PRIMARY KEY (job_id, round)
);

CREATE TABLE ledger_transaction (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX ledger_transaction_account ON ledger_transaction (account_id, sandbox, id);
CREATE INDEX ledger_transaction_job ON ledger_transaction (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE ledger_entry (
    transaction_id BIGINT NOT NULL REFERENCES ledger_transaction (id),
    line BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    ledger_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, line)
);
CREATE INDEX ledger_entry_account ON ledger_entry (ledger_account);

-- The sum of a customer's or a translator's entries, kept in the transaction that writes them.
CREATE TABLE ledger_balance (
    ledger_account TEXT PRIMARY KEY,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0)
);

CREATE TABLE event (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX event_account ON event (account_id, sandbox, id);
CREATE INDEX event_job ON event (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX event_outbox ON event (id) WHERE outbox = 1;

CREATE TABLE destination (
    id BIGINT PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    paused BIGINT NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    due_at BIGINT NOT NULL
);
CREATE INDEX destination_due ON destination (due_at) WHERE paused = 0;

CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX delivery_due ON delivery (destination_id, run_at) WHERE state = 'waiting';
CREATE INDEX delivery_account ON delivery (account_id, sandbox, id);
CREATE INDEX delivery_waiting ON delivery (account_id, sandbox, run_at) WHERE state = 'waiting';

CREATE TABLE delivery_attempt (
    delivery_id BIGINT NOT NULL REFERENCES delivery (id),
    attempt BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    answer TEXT,
    PRIMARY KEY (delivery_id, attempt)
);

CREATE TABLE task (
    id BIGINT PRIMARY KEY,
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
    created_at BIGINT NOT NULL
);
CREATE INDEX task_due ON task (run_at) WHERE dead = 0;
CREATE INDEX task_environment ON task (account_id, sandbox, run_at) WHERE dead = 0;
CREATE INDEX task_subject ON task (subject_id, kind) WHERE dead = 0;

CREATE TABLE idempotency (
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    content_type TEXT NOT NULL,
    answer BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, sandbox, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Forced orders of the last minutes, to refuse an identical one (code 1754).
CREATE TABLE identical_call (
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    digest BYTEA NOT NULL,
    order_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, sandbox, digest)
);

CREATE TABLE glossary (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX glossary_account ON glossary (account_id, sandbox, id);

CREATE TABLE preference (
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    translator_id BIGINT NOT NULL,
    lc_src TEXT NOT NULL,
    lc_tgt TEXT NOT NULL,
    tier TEXT NOT NULL,
    PRIMARY KEY (account_id, sandbox, translator_id, lc_src, lc_tgt, tier)
);

CREATE TABLE inbox (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    answer TEXT NOT NULL DEFAULT '200',
    fail_next BIGINT NOT NULL DEFAULT 0 CHECK (fail_next >= 0),
    open_to_all BIGINT NOT NULL DEFAULT 0 CHECK (open_to_all IN (0, 1)),
    created_at BIGINT NOT NULL
);
CREATE INDEX inbox_account ON inbox (account_id);

CREATE TABLE inbox_request (
    id BIGINT PRIMARY KEY,
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
    created_at BIGINT NOT NULL
);
CREATE INDEX inbox_request_inbox ON inbox_request (inbox_id, id);
CREATE INDEX inbox_request_account ON inbox_request (account_id, id);

-- What callers used up of their rate limits, told between nodes.
CREATE TABLE rate_use (
    id BIGINT PRIMARY KEY,
    node TEXT NOT NULL,
    subject TEXT NOT NULL,
    requests BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Facts about the installation as a whole.
CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE mail (
    id BIGINT PRIMARY KEY,
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
CREATE INDEX mail_due ON mail (run_at) WHERE state = 'waiting';
CREATE INDEX mail_account ON mail (account_id);
