-- What kept calls and cleaning from costing the same in a large database as in a small one.

-- Without statistics SQLite takes the index with the most columns given. So these hold account and environment too, though
-- the first column alone finds the rows: else all jobs of the account were read for one order, all its events for one job.
DROP INDEX job_order;
CREATE INDEX job_order ON job (order_id, account_id, sandbox, status, id);
DROP INDEX job_group;
CREATE INDEX job_group ON job (group_id, account_id, sandbox, status) WHERE group_id IS NOT NULL;
DROP INDEX event_job;
CREATE INDEX event_job ON event (job_id, account_id, sandbox, id) WHERE job_id IS NOT NULL;

-- What was found by reading whole tables.
CREATE INDEX order_found_job ON order_found (job_id);
CREATE INDEX claim_account ON claim (account_id, sandbox, translator_id);
CREATE INDEX delivery_event ON delivery (event_id);
CREATE INDEX inbox_request_age ON inbox_request (created_at);
DROP INDEX task_environment;
CREATE INDEX task_environment ON task (account_id, sandbox, dead, run_at);

-- Charges minus refunds of a customer, kept beside the balance instead of summed over all entries for each look.
ALTER TABLE ledger_balance ADD COLUMN spent BIGINT NOT NULL DEFAULT 0;
UPDATE ledger_balance SET spent = COALESCE((SELECT CAST(-SUM(e.amount) AS BIGINT) FROM ledger_entry e
    JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE e.ledger_account = ledger_balance.ledger_account AND t.job_id IS NOT NULL), 0)
WHERE ledger_account LIKE 'customer:%' OR ledger_account LIKE 'sandbox:customer:%';
