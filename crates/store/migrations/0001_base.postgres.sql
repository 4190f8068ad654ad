-- Ids never come back. Each sequence gives out blocks, so that an order's jobs have successive ids: the advisory lock keeps
-- two takers apart for the moment between reading and setting, not until their transactions end.
CREATE SEQUENCE account_ids;
CREATE SEQUENCE person_ids;
CREATE SEQUENCE api_key_ids;
CREATE SEQUENCE order_ids;
CREATE SEQUENCE job_ids;
CREATE SEQUENCE group_ids;
CREATE SEQUENCE revision_ids;
CREATE SEQUENCE claim_ids;
CREATE SEQUENCE comment_ids;
CREATE SEQUENCE ledger_ids;
CREATE SEQUENCE event_ids;
CREATE SEQUENCE destination_ids;
CREATE SEQUENCE delivery_ids;
CREATE SEQUENCE task_ids;
CREATE SEQUENCE glossary_ids;
CREATE SEQUENCE inbox_ids;
CREATE SEQUENCE inbox_request_ids;
CREATE SEQUENCE rate_use_ids;
CREATE SEQUENCE mail_ids;

CREATE FUNCTION reserve_ids(sequence TEXT, count BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    first BIGINT;
    lock BIGINT := hashtext('ids of ' || sequence);
BEGIN
    PERFORM pg_advisory_lock(lock);
    first := nextval(sequence || '_ids');
    IF count > 1 THEN
        PERFORM setval(sequence || '_ids', first + count - 1);
    END IF;
    PERFORM pg_advisory_unlock(lock);
    RETURN first;
END $$;

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE FUNCTION job_moves_by_the_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM job_move WHERE status_from = OLD.status AND status_to = NEW.status)
        AND NOT (NEW.sandbox = 1 AND EXISTS (SELECT 1 FROM job_force WHERE job_id = NEW.id)) THEN
        RAISE EXCEPTION 'job: illegal move of status';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER job_moves_by_the_rules BEFORE UPDATE OF status ON job
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION job_moves_by_the_rules();

CREATE TRIGGER job_lookup_never_returns BEFORE UPDATE OF lookup ON job
    FOR EACH ROW WHEN (OLD.lookup = 0 AND NEW.lookup = 1) EXECUTE FUNCTION refuse('job: lookup never returns to 1');

-- The ledger is append-only; a sandbox's whole book may be wiped.
CREATE TRIGGER ledger_transaction_is_kept BEFORE UPDATE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION refuse('ledger: transactions never change');
CREATE TRIGGER ledger_transaction_stays BEFORE DELETE ON ledger_transaction
    FOR EACH ROW WHEN (OLD.sandbox = 0) EXECUTE FUNCTION refuse('ledger: transactions are never deleted');
CREATE TRIGGER ledger_entry_is_kept BEFORE UPDATE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION refuse('ledger: entries never change');
CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry
    FOR EACH ROW WHEN (OLD.sandbox = 0) EXECUTE FUNCTION refuse('ledger: entries are never deleted');
