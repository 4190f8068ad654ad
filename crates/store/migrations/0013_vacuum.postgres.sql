-- PostgreSQL cleans a table up when a fifth of it has changed. Of what grows with jobs that comes to millions of rows, and until
-- then whatever reads what just changed gets dearer. A hundredth costs little: pages without changes are passed over.

DO $$
DECLARE
    it REGCLASS;
BEGIN
    FOR it IN
        SELECT c.oid FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relkind = 'r' AND COALESCE(i.inhparent, c.oid) = ANY(ARRAY['"order"', 'order_found', 'job', 'revision', 'claim',
            'claim_job', 'reward', 'comment', 'feedback', 'rejection', 'event', 'delivery', 'delivery_attempt', 'task',
            'captcha', 'upload', 'ledger_transaction', 'ledger_entry', 'inbox_request', 'idempotency']::REGCLASS[])
    LOOP
        -- Of parted tables (docs/operate/scale.md) the parts.
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01,
            autovacuum_analyze_scale_factor = 0.01)', it);
    END LOOP;
END $$;
