-- What is kept beside the rows; needs the indexes.
DELETE FROM ledger_balance;
INSERT INTO ledger_balance (ledger_account, sandbox, currency, amount, spent)
SELECT e.ledger_account, 1, 'USD', SUM(e.amount),
    COALESCE(SUM(CASE WHEN e.ledger_account LIKE 'sandbox:customer:%' AND t.job_id IS NOT NULL THEN -e.amount END), 0)
FROM ledger_entry e JOIN ledger_transaction t ON t.account_id = e.account_id AND t.id = e.transaction_id
WHERE e.ledger_account LIKE 'sandbox:customer:%' OR e.ledger_account LIKE 'sandbox:translator:%' GROUP BY e.ledger_account;
UPDATE environment SET jobs_unpaid = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'unpaid'),
    jobs_queued = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'queued'),
    jobs_available = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'available'),
    jobs_pending = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'pending'),
    jobs_reviewable = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'reviewable'),
    jobs_revising = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'revising'),
    jobs_approved = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'approved'),
    jobs_rejected = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'rejected'),
    jobs_canceled = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'canceled'),
    jobs_hold = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id AND job.sandbox = 1
        AND job.status = 'hold')
WHERE sandbox = 1;
