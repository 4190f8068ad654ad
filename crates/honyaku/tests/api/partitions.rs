//! `deploy/postgres`: tables that grow with jobs are parted by account, the ledger's entries by month
//! (`docs/operate/scale.md`).

use crate::database::{Database, lines, postgres_program};
use crate::moving;
use crate::shop::Shop;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs one of the scripts as its first lines say.
fn run(script: &str, more: &[&str], database: &Database) {
    let path = format!("{}/../../deploy/postgres/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut psql = postgres_program("psql");
    lines(psql.args(more).args(["--file", &path]).arg(database.url()));
}

/// Everything in the tables but how they are parted: keys, indexes, triggers and columns.
fn structure(database: &Database) -> String {
    database.told(
        "SELECT string_agg(line, chr(10) ORDER BY line) FROM ( \
           SELECT 'key ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conparentid = 0 \
             AND NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = conrelid) \
           UNION ALL SELECT 'index ' || replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index \
             WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND NOT relispartition) \
           UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
             AND tgrelid IN (SELECT oid FROM pg_class WHERE NOT relispartition) \
           UNION ALL SELECT 'column ' || table_name || ' ' || ordinal_position || ' ' || column_name || ' ' || is_nullable || ' ' \
             || data_type || ' ' || COALESCE(column_default, '') FROM information_schema.columns WHERE table_schema = 'public' \
             AND table_name IN (SELECT relname FROM pg_class WHERE NOT relispartition)) AS all_of_it",
    )
}

fn parted(database: Database) -> Database {
    lines(&mut database.command(&["migrate", "run"]));
    if database.ask("SELECT COUNT(*) FROM pg_partitioned_table") == 0 {
        run("partitions.sql", &["--set", "parts=3"], &database);
    }
    database
}

/// Tables that are cleaned up when a fifth of them has changed, of those of which a hundredth is to be enough.
fn seldom_cleaned(database: &Database) -> String {
    database.told(
        "SELECT COALESCE(string_agg(relname, ' '), '') FROM pg_class WHERE relkind = 'r' \
         AND relname NOT IN ('job_move', 'job_force') AND relname ~ '^(order|job|revision|claim|reward|comment|event|delivery|task|ledger_entry|ledger_transaction)' \
         AND NOT COALESCE('autovacuum_vacuum_scale_factor=0.01' = ANY(reloptions), false)",
    )
}

#[test]
fn parting_keeps_every_row_key_index_and_trigger() {
    let database = Database::bare();
    if !database.is_postgres() {
        return;
    }
    let shop = moving::furnished(database);
    let (balance, job) = (shop.balance(), shop.job("1"));
    let database = shop.stop();
    assert_eq!(seldom_cleaned(&database), "");
    let (before, rows) = (structure(&database), database.ask("SELECT COUNT(*) FROM ledger_entry"));
    assert!(before.contains("index CREATE UNIQUE INDEX claim_active"), "{before}");
    let database = parted(database);
    assert_eq!(structure(&database), before);
    assert_eq!(seldom_cleaned(&database), "");
    assert_eq!(database.ask("SELECT COUNT(*) FROM ledger_entry_before"), rows);
    let shop = Shop::start(database, &[]);
    assert_eq!((shop.balance(), &shop.job("1")["body_tgt"]), (balance, &job["body_tgt"]));
    let id = shop.orders_text("in the new tables");
    shop.delivers(&id, "新しい表で");
    assert!(shop.database.ask("SELECT COUNT(*) FROM ledger_entry WHERE transaction_id > 0") > rows);
    assert_eq!(shop.database.ask("SELECT COUNT(*) FROM ledger_entry_before"), rows, "they go to their month");
    shop.verify();
}

#[test]
fn a_month_begins_while_orders_come_in() {
    let database = Database::new();
    if !database.is_postgres() {
        return;
    }
    let shop = Shop::start(parted(database), &[]);
    let month = shop.database.told("SELECT 'ledger_entry_' || to_char(now(), 'YYYY_MM')");
    let begin = || run("next-month.sql", &[], &shop.database);
    let entries = |table: &str| shop.database.ask(&format!("SELECT COUNT(*) FROM {table}"));
    let of_month = || entries(&month);
    begin();
    shop.orders_text("in the first month");
    assert!(of_month() > 0, "a month that has begun is left alone");
    shop.database.change(&format!("ALTER TABLE {month} RENAME TO ledger_entry_2001_01"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let (shop, stop) = (&shop, &stop);
            scope.spawn(move || {
                (0..1_000).take_while(|_| !stop.load(Ordering::Relaxed)).for_each(|number| {
                    shop.orders_text(&format!("{caller} orders number {number}"));
                });
            });
        }
        shop.until("orders come in", || entries("ledger_entry_2001_01") > 20);
        for year in 2002..2010 {
            begin();
            shop.until("orders go on", || of_month() > 20);
            shop.database.change(&format!("ALTER TABLE {month} RENAME TO ledger_entry_{year}_01"));
        }
        begin();
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(seldom_cleaned(&shop.database), "");
    let old = entries("ledger_entry_2001_01");
    shop.orders_text("in the new month");
    assert_eq!(entries("ledger_entry_2001_01"), old);
    let refused = shop.database.refuses("UPDATE ledger_entry_2001_01 SET amount = 1");
    assert!(refused.contains("ledger: entries never change"), "{refused}");
    shop.verify();
}
