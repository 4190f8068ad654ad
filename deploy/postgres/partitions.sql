-- Parts the tables that grow with jobs by account, and the ledger's entries by month. Once, with all servers stopped and a
-- backup made; docs/operate/scale.md tells when, and what it takes. Everything or nothing is done:
--
--   psql --set parts=16 --file partitions.sql postgres://…
--
-- Names, columns, keys, indexes and triggers stay what they are: the program and its migrations need not know.

\set ON_ERROR_STOP on
\if :{?parts}
\else
\set parts 16
\endif
BEGIN;
SET LOCAL honyaku.parts = :'parts';

-- A month's entries are those whose transactions were numbered in it: their ids grow with time, and stand in every key.
CREATE TEMPORARY TABLE parted ON COMMIT DROP AS
SELECT oid, relname, CASE relname WHEN 'ledger_entry' THEN 'RANGE (transaction_id)' ELSE 'HASH (account_id)' END AS rule,
    'WITH (' || array_to_string(reloptions, ', ') || ')' AS options
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname IN ('order', 'order_found', 'job', 'revision', 'claim',
    'claim_job', 'reward', 'comment', 'feedback', 'rejection', 'event', 'delivery', 'delivery_attempt', 'task',
    'captcha', 'upload', 'ledger_transaction', 'ledger_entry');

DO $$
BEGIN
    IF to_regclass('migration') IS NULL THEN
        RAISE EXCEPTION 'there are no tables of honyaku here: honyaku migrate run makes them';
    ELSIF NOT EXISTS (SELECT 1 FROM migration WHERE number >= 7) THEN
        RAISE EXCEPTION 'the tables are older than their keys: bring them up to date with honyaku migrate run';
    ELSIF (SELECT COUNT(*) FROM parted) < 18 THEN
        RAISE EXCEPTION 'these tables are parted already';
    ELSIF current_setting('server_version_num')::INT % 10000 < (CASE current_setting('server_version_num')::INT / 10000
        WHEN 13 THEN 17 WHEN 14 THEN 14 WHEN 15 THEN 9 WHEN 16 THEN 5 WHEN 17 THEN 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'next-month.sql could not go on with PostgreSQL %: use 13.17, 14.14, 15.9, 16.5, 17.1 or later',
            current_setting('server_version');
    END IF;
END $$;

-- What is made again afterwards, in this order: keys, indexes, triggers, and in the end what refers to another table.
CREATE TEMPORARY TABLE made_again ON COMMIT DROP AS
SELECT conrelid::regclass::text AS relation, conname AS name, contype = 'f' AS refers, CASE contype WHEN 'f' THEN 4 ELSE 1 END AS turn,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS statement
FROM pg_constraint
WHERE (contype IN ('p', 'u') AND conrelid IN (SELECT oid FROM parted))
    OR (contype = 'f' AND (conrelid IN (SELECT oid FROM parted) OR confrelid IN (SELECT oid FROM parted)))
UNION ALL
SELECT indrelid::regclass::text, indexrelid::regclass::text, false, 2, pg_get_indexdef(indexrelid)
FROM pg_index
WHERE indrelid IN (SELECT oid FROM parted) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
UNION ALL
SELECT tgrelid::regclass::text, tgname, false, 3, pg_get_triggerdef(oid)
FROM pg_trigger
WHERE tgrelid IN (SELECT oid FROM parted) AND NOT tgisinternal;

DO $$
DECLARE
    parts INT := current_setting('honyaku.parts')::INT;
    next_posting BIGINT := nextval('ledger_ids');
    it RECORD;
BEGIN
    FOR it IN SELECT * FROM made_again WHERE refers LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.relation, it.name);
    END LOOP;
    FOR it IN SELECT * FROM parted LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', it.relname, it.relname || '_whole');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY %s',
            it.relname, it.relname || '_whole', it.rule);
        IF it.relname = 'ledger_entry' THEN
            EXECUTE format('CREATE TABLE ledger_entry_before PARTITION OF ledger_entry FOR VALUES FROM (MINVALUE) TO (%s) %s',
                next_posting, it.options);
            EXECUTE format('CREATE TABLE %I PARTITION OF ledger_entry FOR VALUES FROM (%s) TO (MAXVALUE) %s',
                'ledger_entry_' || to_char(now(), 'YYYY_MM'), next_posting, it.options);
        ELSE
            FOR part IN 0 .. parts - 1 LOOP
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s) %s',
                    it.relname || '_' || part, it.relname, parts, part, it.options);
            END LOOP;
        END IF;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', it.relname, it.relname || '_whole');
        EXECUTE format('DROP TABLE %I', it.relname || '_whole');
    END LOOP;
    FOR it IN SELECT * FROM made_again ORDER BY turn LOOP
        EXECUTE it.statement;
    END LOOP;
END $$;

COMMIT;
ANALYZE;
