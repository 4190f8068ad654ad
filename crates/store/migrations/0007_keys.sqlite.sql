DROP TRIGGER ledger_entry_is_kept;
UPDATE ledger_entry SET account_id = COALESCE((SELECT p.account_id FROM ledger_transaction p
    WHERE p.id = ledger_entry.transaction_id), 0);
CREATE TRIGGER ledger_entry_is_kept BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries never change');
END;
