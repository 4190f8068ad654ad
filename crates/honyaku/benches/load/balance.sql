-- What is kept beside the rows; needs the indexes.
DELETE FROM ledger_balance;
INSERT INTO ledger_balance (ledger_account, sandbox, currency, amount)
SELECT ledger_account, 1, 'USD', SUM(amount) FROM ledger_entry
WHERE ledger_account LIKE 'sandbox:customer:%' OR ledger_account LIKE 'sandbox:translator:%' GROUP BY ledger_account;
UPDATE environment SET jobs = (SELECT COUNT(*) FROM job WHERE job.account_id = environment.account_id
    AND job.sandbox = environment.sandbox);
