-- What is kept beside the rows; needs the indexes.
DELETE FROM ledger_balance;
INSERT INTO ledger_balance (ledger_account, sandbox, currency, amount, spent)
SELECT e.ledger_account, 1, 'USD', SUM(e.amount),
    COALESCE(SUM(CASE WHEN e.ledger_account LIKE 'sandbox:customer:%' AND t.job_id IS NOT NULL THEN -e.amount END), 0)
FROM ledger_entry e JOIN ledger_transaction t ON t.account_id = e.account_id AND t.id = e.transaction_id
WHERE e.ledger_account LIKE 'sandbox:customer:%' OR e.ledger_account LIKE 'sandbox:translator:%' GROUP BY e.ledger_account;
UPDATE environment SET jobs = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id
    AND job.sandbox = environment.sandbox);
