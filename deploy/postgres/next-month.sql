-- Begins a new month of the ledger's entries, after partitions.sql: on the first of each month, while the servers run (they
-- wait for as long as the old month's entries take to be read once). A month that has begun is left alone; if one is never
-- begun, the one before it goes on.
--
--   psql --file next-month.sql postgres://…

\set ON_ERROR_STOP on
DO $$
DECLARE
    month TEXT := 'ledger_entry_' || to_char(now(), 'YYYY_MM');
    last REGCLASS;
    bound TEXT;
    options TEXT;
    next_posting BIGINT;
BEGIN
    IF to_regclass(month) IS NOT NULL THEN
        RETURN;
    ELSIF current_setting('server_version_num')::INT % 10000 < (CASE current_setting('server_version_num')::INT / 10000
        WHEN 13 THEN 17 WHEN 14 THEN 14 WHEN 15 THEN 9 WHEN 16 THEN 5 WHEN 17 THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'PostgreSQL % may lose a foreign key when a part is taken out and put in again: use 13.17, 14.14, 15.9, 16.5, 17.1 or later',
            current_setting('server_version');
    END IF;
    -- Gives way before PostgreSQL would look for a deadlock and end somebody's order.
    SET LOCAL lock_timeout = '300ms';
    FOR attempt IN 1 .. 1000 LOOP
        BEGIN
            LOCK TABLE ledger_transaction, ledger_entry IN ACCESS EXCLUSIVE MODE;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = 1000 THEN
                RAISE EXCEPTION 'somebody works on the ledger for minutes already: try again later';
            END IF;
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    next_posting := nextval('ledger_ids');
    SELECT c.oid, pg_get_expr(c.relpartbound, c.oid), 'WITH (' || array_to_string(c.reloptions, ', ') || ')'
    INTO STRICT last, bound, options
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ledger_entry'::regclass AND pg_get_expr(c.relpartbound, c.oid) LIKE '%TO (MAXVALUE)';
    EXECUTE format('ALTER TABLE ledger_entry DETACH PARTITION %s', last);
    EXECUTE format('ALTER TABLE ledger_entry ATTACH PARTITION %s %s', last,
        replace(bound, 'TO (MAXVALUE)', format('TO (%s)', next_posting)));
    EXECUTE format('CREATE TABLE %I PARTITION OF ledger_entry FOR VALUES FROM (%s) TO (MAXVALUE) %s', month, next_posting, options);
END $$;
