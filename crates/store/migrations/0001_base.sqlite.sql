-- SQLite has no sequences; ids never come back, not even after a wipe.
CREATE TABLE id_sequence (name TEXT PRIMARY KEY, next BIGINT NOT NULL) WITHOUT ROWID;
INSERT INTO id_sequence (name, next) VALUES
    ('account', 1), ('person', 1), ('api_key', 1), ('order', 1), ('job', 1), ('group', 1), ('revision', 1), ('claim', 1),
    ('comment', 1), ('ledger', 1), ('event', 1), ('destination', 1), ('delivery', 1), ('task', 1), ('glossary', 1),
    ('inbox', 1), ('inbox_request', 1), ('rate_use', 1), ('mail', 1);

CREATE TRIGGER job_moves_by_the_rules BEFORE UPDATE OF status ON job
WHEN OLD.status <> NEW.status
    AND NOT EXISTS (SELECT 1 FROM job_move WHERE status_from = OLD.status AND status_to = NEW.status)
    AND NOT (NEW.sandbox = 1 AND EXISTS (SELECT 1 FROM job_force WHERE job_id = NEW.id))
BEGIN
    SELECT RAISE(ABORT, 'job: illegal move of status');
END;

CREATE TRIGGER job_lookup_never_returns BEFORE UPDATE OF lookup ON job
WHEN OLD.lookup = 0 AND NEW.lookup = 1
BEGIN
    SELECT RAISE(ABORT, 'job: lookup never returns to 1');
END;

-- The ledger is append-only; a sandbox's whole book may be wiped.
CREATE TRIGGER ledger_transaction_is_kept BEFORE UPDATE ON ledger_transaction
BEGIN
    SELECT RAISE(ABORT, 'ledger: transactions never change');
END;
CREATE TRIGGER ledger_transaction_stays BEFORE DELETE ON ledger_transaction WHEN OLD.sandbox = 0
BEGIN
    SELECT RAISE(ABORT, 'ledger: transactions are never deleted');
END;
CREATE TRIGGER ledger_entry_is_kept BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries never change');
END;
CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry WHEN OLD.sandbox = 0
BEGIN
    SELECT RAISE(ABORT, 'ledger: entries are never deleted');
END;
