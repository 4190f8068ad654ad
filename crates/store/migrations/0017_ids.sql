-- Nothing but `verify` went by it, which reads all entries anyway.
DROP INDEX ledger_entry_account;
