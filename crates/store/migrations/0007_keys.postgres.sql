-- The account leads every key of what grows with jobs, so that tables can be parted by it, over disks or machines. SQLite,
-- which does neither, keeps the id alone.

ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_is_kept;
UPDATE ledger_entry SET account_id = t.account_id FROM ledger_transaction t
    WHERE t.id = ledger_entry.transaction_id AND t.account_id IS NOT NULL;
ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_is_kept;
ALTER TABLE ledger_transaction ALTER COLUMN account_id SET NOT NULL;

ALTER TABLE order_found DROP CONSTRAINT order_found_order_id_fkey;
ALTER TABLE job DROP CONSTRAINT job_order_id_fkey;
ALTER TABLE revision DROP CONSTRAINT revision_job_id_fkey;
ALTER TABLE claim_job DROP CONSTRAINT claim_job_claim_id_fkey, DROP CONSTRAINT claim_job_job_id_fkey;
ALTER TABLE captcha DROP CONSTRAINT captcha_job_id_fkey;
ALTER TABLE delivery_attempt DROP CONSTRAINT delivery_attempt_delivery_id_fkey;
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_transaction_id_fkey;

ALTER TABLE "order" DROP CONSTRAINT order_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE order_found DROP CONSTRAINT order_found_pkey, ADD PRIMARY KEY (account_id, order_id, job_id);
ALTER TABLE job DROP CONSTRAINT job_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE revision DROP CONSTRAINT revision_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE claim DROP CONSTRAINT claim_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE claim_job DROP CONSTRAINT claim_job_pkey, ADD PRIMARY KEY (account_id, claim_id, job_id);
DROP INDEX claim_active;
CREATE UNIQUE INDEX claim_active ON claim_job (account_id, job_id) WHERE active = 1;
ALTER TABLE reward DROP CONSTRAINT reward_pkey, ADD PRIMARY KEY (account_id, job_id, role, round);
ALTER TABLE comment DROP CONSTRAINT comment_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE feedback DROP CONSTRAINT feedback_pkey, ADD PRIMARY KEY (account_id, job_id);
ALTER TABLE rejection DROP CONSTRAINT rejection_pkey, ADD PRIMARY KEY (account_id, job_id, round);
ALTER TABLE ledger_transaction DROP CONSTRAINT ledger_transaction_pkey, ADD PRIMARY KEY (account_id, id),
    DROP CONSTRAINT ledger_transaction_key_key, ADD UNIQUE (account_id, key);
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey, ADD PRIMARY KEY (account_id, transaction_id, line);
ALTER TABLE event DROP CONSTRAINT event_pkey, ADD PRIMARY KEY (account_id, id);
-- Events are forgotten in the order in which they happened, whosever they are.
CREATE INDEX event_in_turn ON event (id);
ALTER TABLE delivery DROP CONSTRAINT delivery_pkey, ADD PRIMARY KEY (account_id, id);
ALTER TABLE delivery_attempt DROP CONSTRAINT delivery_attempt_pkey,
    ADD PRIMARY KEY (account_id, delivery_id, attempt);
ALTER TABLE task DROP CONSTRAINT task_pkey, ADD PRIMARY KEY (account_id, id);
-- These are also asked for by their secret alone.
ALTER TABLE captcha DROP CONSTRAINT captcha_pkey, ADD PRIMARY KEY (account_id, token);
CREATE INDEX captcha_token ON captcha (token);
ALTER TABLE upload DROP CONSTRAINT upload_with_file_pkey, ADD PRIMARY KEY (account_id, token);
CREATE INDEX upload_token ON upload (token);
ALTER TABLE glossary DROP CONSTRAINT glossary_pkey, ADD PRIMARY KEY (account_id, id);

ALTER TABLE order_found ADD FOREIGN KEY (account_id, order_id) REFERENCES "order" (account_id, id);
ALTER TABLE job ADD FOREIGN KEY (account_id, order_id) REFERENCES "order" (account_id, id);
ALTER TABLE revision ADD FOREIGN KEY (account_id, job_id) REFERENCES job (account_id, id);
ALTER TABLE claim_job ADD FOREIGN KEY (account_id, claim_id) REFERENCES claim (account_id, id),
    ADD FOREIGN KEY (account_id, job_id) REFERENCES job (account_id, id);
ALTER TABLE captcha ADD FOREIGN KEY (account_id, job_id) REFERENCES job (account_id, id);
ALTER TABLE delivery_attempt ADD FOREIGN KEY (account_id, delivery_id) REFERENCES delivery (account_id, id);
ALTER TABLE ledger_entry ADD FOREIGN KEY (account_id, transaction_id) REFERENCES ledger_transaction (account_id, id);
