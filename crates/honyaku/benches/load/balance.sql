-- What is kept beside the rows; needs the indexes.
DELETE FROM ledger_balance;
INSERT INTO ledger_balance (ledger_account, sandbox, currency, amount, spent)
SELECT e.ledger_account, 1, 'USD', SUM(e.amount),
    COALESCE(SUM(CASE WHEN e.ledger_account LIKE 'sandbox:customer:%' AND t.job_id IS NOT NULL THEN -e.amount END), 0)
FROM ledger_entry e JOIN ledger_transaction t ON t.account_id = e.account_id AND t.id = e.transaction_id
WHERE e.ledger_account LIKE 'sandbox:customer:%' OR e.ledger_account LIKE 'sandbox:translator:%' GROUP BY e.ledger_account;
UPDATE environment SET jobs_unpaid = held.unpaid, jobs_queued = held.queued, jobs_available = held.available,
    jobs_pending = held.pending, jobs_reviewable = held.reviewable, jobs_revising = held.revising,
    jobs_approved = held.approved, jobs_rejected = held.rejected, jobs_canceled = held.canceled,
    jobs_hold = held.hold
FROM (SELECT account_id,
    COUNT(*) FILTER (WHERE status = 'unpaid') AS unpaid, COUNT(*) FILTER (WHERE status = 'queued') AS queued,
    COUNT(*) FILTER (WHERE status = 'available') AS available, COUNT(*) FILTER (WHERE status = 'pending') AS pending,
    COUNT(*) FILTER (WHERE status = 'reviewable') AS reviewable,
    COUNT(*) FILTER (WHERE status = 'revising') AS revising, COUNT(*) FILTER (WHERE status = 'approved') AS approved,
    COUNT(*) FILTER (WHERE status = 'rejected') AS rejected, COUNT(*) FILTER (WHERE status = 'canceled') AS canceled,
    COUNT(*) FILTER (WHERE status = 'hold') AS hold
    FROM job WHERE sandbox = 1 GROUP BY account_id) AS held
WHERE held.account_id = environment.account_id AND environment.sandbox = 1;
