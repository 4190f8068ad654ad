-- The ledger's entries name the account of their transaction; the engines' own parts fill it in, past the triggers that
-- keep the books.
ALTER TABLE ledger_entry ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;

-- As in migration 3: the account too, so that SQLite takes them for what they are.
DROP INDEX delivery_event;
CREATE INDEX delivery_event ON delivery (account_id, event_id);
DROP INDEX ledger_transaction_job;
CREATE INDEX ledger_transaction_job ON ledger_transaction (account_id, job_id) WHERE job_id IS NOT NULL;
