//! Numbered migrations, each run once, in order, in one transaction, remembered with its
//! checksum: a migration that has run is never edited.

use super::{Dialect, Error, Sql, Tx};
use sha2::{Digest, Sha256};
use std::time::Instant;

struct Migration {
    number: i64,
    name: &'static str,
    tables: &'static str,
    /// Triggers, sequences and keys, which the engines write or need differently.
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    fn own(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

const MIGRATIONS: &[Migration] = &[
    apart(
        shared(1, "base", include_str!("../../migrations/0001_base.sql")),
        include_str!("../../migrations/0001_base.sqlite.sql"),
        include_str!("../../migrations/0001_base.postgres.sql"),
    ),
    shared(2, "file", include_str!("../../migrations/0002_file.sql")),
    shared(3, "scale", include_str!("../../migrations/0003_scale.sql")),
    shared(4, "version", include_str!("../../migrations/0004_version.sql")),
    shared(5, "age", include_str!("../../migrations/0005_age.sql")),
    shared(6, "account", include_str!("../../migrations/0006_account.sql")),
    apart(
        shared(7, "keys", include_str!("../../migrations/0007_keys.sql")),
        include_str!("../../migrations/0007_keys.sqlite.sql"),
        include_str!("../../migrations/0007_keys.postgres.sql"),
    ),
    shared(8, "inbox", include_str!("../../migrations/0008_inbox.sql")),
    shared(9, "standing", include_str!("../../migrations/0009_standing.sql")),
    shared(10, "failures", include_str!("../../migrations/0010_failures.sql")),
    shared(11, "clocks", include_str!("../../migrations/0011_clocks.sql")),
    shared(12, "run", include_str!("../../migrations/0012_run.sql")),
    Migration {
        postgres: include_str!("../../migrations/0013_vacuum.postgres.sql"),
        ..shared(13, "vacuum", "")
    },
    Migration { sqlite: include_str!("../../migrations/0014_rowid.sqlite.sql"), ..shared(14, "rowid", "") },
    shared(15, "counts", include_str!("../../migrations/0015_counts.sql")),
    Migration { sqlite: include_str!("../../migrations/0016_order.sqlite.sql"), ..shared(16, "order", "") },
    Migration {
        postgres: include_str!("../../migrations/0017_ids.postgres.sql"),
        ..shared(17, "ids", include_str!("../../migrations/0017_ids.sql"))
    },
];

/// A migration that is the same on both engines.
const fn shared(number: i64, name: &'static str, tables: &'static str) -> Migration {
    Migration { number, name, tables, sqlite: "", postgres: "" }
}

/// A migration with a part of each engine's own.
const fn apart(shared: Migration, sqlite: &'static str, postgres: &'static str) -> Migration {
    Migration { sqlite, postgres, ..shared }
}

/// A migration that has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    checksum: String,
}

/// The migrations that have run, oldest first.
pub fn history(sql: &mut dyn Sql) -> Result<Vec<Applied>, Error> {
    Tx::new(sql).query_all("SELECT number, name, checksum FROM migration ORDER BY number", &[], |row| {
        Ok(Applied { number: row.take()?, name: row.take()?, checksum: row.take()? })
    })
}

/// A migration that this program knows, or that the database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// The program knows it.
    pub known: bool,
    /// It has run on the database.
    pub applied: bool,
}

/// Every migration, the program's and the database's, oldest first. Changes nothing.
pub(super) fn states(sql: &mut dyn Sql) -> Result<Vec<State>, Error> {
    let table = match sql.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'migration'",
        Dialect::Postgres => "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'migration'",
    };
    let is_there: i64 = Tx::new(sql).query_one(table, &[], |row| row.take())?;
    let applied = if is_there == 0 { Vec::new() } else { history(sql)? };
    let of_program = MIGRATIONS.iter().map(|migration| State {
        number: migration.number,
        name: migration.name.to_owned(),
        known: true,
        applied: applied.iter().any(|done| done.number == migration.number),
    });
    let newer = applied.iter().filter(|done| MIGRATIONS.iter().all(|known| known.number != done.number));
    let newer =
        newer.map(|done| State { number: done.number, name: done.name.clone(), known: false, applied: true });
    Ok(of_program.chain(newer).collect())
}

/// Runs what has not run yet; how many there were.
pub(super) fn run(sql: &mut dyn Sql, now_ms: i64) -> Result<usize, Error> {
    let dialect = sql.dialect();
    sql.may_take_long()?;
    sql.batch(
        "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, \
         checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    )?;
    let applied = history(sql)?;
    let newest_known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if let Some(newer) = applied.iter().find(|done| done.number > newest_known) {
        return Err(Error::Schema(format!(
            "the database is newer than this program: it has migration {} ({}), this program knows up to {newest_known}. Use a newer honyaku.",
            newer.number, newer.name
        )));
    }
    let mut ran = 0;
    for migration in MIGRATIONS {
        let checksum = checksum(migration, dialect);
        match applied.iter().find(|done| done.number == migration.number) {
            Some(done) if done.checksum != checksum => {
                return Err(Error::Schema(format!(
                    "migration {} ({}) of this database differs from the one in this program: use the program that ran \
                     it, or a released one",
                    migration.number, migration.name
                )));
            }
            Some(_) => {}
            None => {
                let began = Instant::now();
                sql.batch(migration.tables)?;
                sql.batch(migration.own(dialect))?;
                let took_s = began.elapsed().as_secs_f64();
                tracing::info!(number = migration.number, name = migration.name, took_s, "migrated");
                Tx::new(sql).execute(
                    "INSERT INTO migration (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                    &[&migration.number, &migration.name, &checksum, &now_ms],
                )?;
                ran += 1;
            }
        }
    }
    Ok(ran)
}

fn checksum(migration: &Migration, dialect: Dialect) -> String {
    let mut hash = Sha256::new();
    hash.update(migration.tables);
    hash.update(migration.own(dialect));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of what SQLite has, but for indexes of its own, and each table's columns with what they
    /// hold by themselves.
    fn shape(connection: &rusqlite::Connection) -> Vec<String> {
        let sql = "SELECT type || ' ' || name || ' of ' || tbl_name FROM sqlite_master WHERE sql IS NOT NULL \
            UNION ALL SELECT m.name || '.' || c.cid || ' ' || c.name || ' ' || COALESCE(c.dflt_value, '') || ' ' || c.pk \
              FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' \
            UNION ALL SELECT m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" \
              FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1";
        let mut shape = connection.prepare(sql).unwrap();
        shape.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn tables_that_stand_by_their_key_have_all_they_had() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let (before, after): (Vec<_>, Vec<_>) =
            MIGRATIONS.iter().partition(|migration| migration.number < 14);
        let run = |migration: &Migration| {
            connection.execute_batch(migration.tables).unwrap();
            connection.execute_batch(migration.sqlite).unwrap();
        };
        before.into_iter().for_each(run);
        let had = shape(&connection);
        run(after[0]);
        assert_eq!(had, shape(&connection));
        let beside: i64 = connection
            .query_row(
                "SELECT COUNT(*) FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'pk' \
                 AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'id' AND c.pk = 1)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(beside, 0, "an id has no index beside its table");
    }

    #[test]
    fn jobs_of_before_are_counted_where_they_are_in_a_sandbox() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let run = |migration: &Migration| {
            connection.execute_batch(migration.tables).unwrap();
            connection.execute_batch(migration.sqlite).unwrap();
        };
        MIGRATIONS.iter().filter(|migration| migration.number < 15).for_each(run);
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF; \
                 INSERT INTO environment (account_id, sandbox, jobs) VALUES (1, 0, 0), (1, 1, 4), (2, 1, 0); \
                 WITH old (id, account_id, sandbox, status) AS (VALUES (1, 1, 1, 'approved'), (2, 1, 1, 'hold'), \
                   (3, 1, 1, 'approved'), (4, 1, 0, 'queued'), (5, 1, 1, 'queued')) \
                 INSERT INTO job (id, account_id, sandbox, order_id, status, slug, body_src, lc_src, lc_tgt, tier, edit, unit_count, \
                   count_rule, currency, unit_price, price, text_key, lookup, auto_approve, use_preferred, created_at, changed_at) \
                 SELECT id, account_id, sandbox, 1, status, '', '', 'en', 'ja', 'pro', 0, 1, 1, 'USD', 5, 5, x'00', 0, 0, 0, 0, 0 \
                   FROM old",
            )
            .unwrap();
        MIGRATIONS.iter().filter(|migration| migration.number >= 15).for_each(run);
        let counts = "SELECT account_id, sandbox, jobs_queued, jobs_approved, jobs_hold, jobs_unpaid + jobs_available \
            + jobs_pending + jobs_reviewable + jobs_revising + jobs_rejected + jobs_canceled FROM environment ORDER BY 1, 2";
        let mut counts = connection.prepare(counts).unwrap();
        let counts =
            counts.query_map([], |row| Ok([0, 1, 2, 3, 4, 5].map(|at| row.get(at).unwrap()))).unwrap();
        let counts: Vec<[i64; 6]> = counts.map(Result::unwrap).collect();
        assert_eq!(counts, [[1, 0, 0, 0, 0, 0], [1, 1, 1, 2, 1, 0], [2, 1, 0, 0, 0, 0]]);
    }

    #[test]
    fn an_orders_overview_is_read_from_an_index_alone() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            connection.execute_batch(migration.tables).unwrap();
            connection.execute_batch(migration.sqlite).unwrap();
        }
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", crate::orders::LINES)).unwrap();
        let steps: Vec<String> = plan.raw_query().mapped(|row| row.get(3)).map(Result::unwrap).collect();
        assert!(
            steps.iter().any(|step| step.starts_with("SEARCH job USING COVERING INDEX job_order")),
            "{steps:?}"
        );
    }

    #[test]
    fn rows_of_before_name_their_parents_account() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let run = |migrations: Vec<&Migration>| {
            for migration in migrations {
                connection.execute_batch(migration.tables).unwrap();
                connection.execute_batch(migration.sqlite).unwrap();
            }
        };
        let (before, after): (Vec<_>, Vec<_>) = MIGRATIONS.iter().partition(|migration| migration.number < 6);
        run(before);
        connection.execute_batch(
            "PRAGMA foreign_keys = OFF; \
             INSERT INTO \"order\" (id, account_id, sandbox, currency, allow_fork, created_at) VALUES (1, 7, 0, 'USD', 0, 0); \
             INSERT INTO order_found (order_id, job_id) VALUES (1, 2); \
             INSERT INTO claim (id, account_id, sandbox, translator_id, role, state, deadline, created_at) \
               VALUES (3, 8, 0, 1, 'translate', 'active', 0, 0); \
             INSERT INTO claim_job (claim_id, job_id, active) VALUES (3, 2, 1); \
             INSERT INTO delivery (id, account_id, sandbox, event_id, key_id, destination_id, url, state, run_at, created_at) \
               VALUES (4, 9, 0, 1, 1, 1, '', 'dead', 0, 0); \
             INSERT INTO delivery_attempt (delivery_id, attempt, started_at, took_ms) VALUES (4, 1, 0, 0); \
             INSERT INTO job (id, account_id, sandbox, order_id, status, slug, body_src, lc_src, lc_tgt, tier, edit, unit_count, \
               count_rule, currency, unit_price, price, text_key, lookup, auto_approve, use_preferred, created_at, changed_at) \
               VALUES (2, 6, 0, 1, 'approved', '', '', 'en', 'ja', 'pro', 0, 1, 1, 'USD', 5, 5, x'00', 0, 0, 0, 0, 0); \
             INSERT INTO reward (job_id, role, round, translator_id, currency, amount) VALUES (2, 'translate', 0, 1, 'USD', 1), \
               (99, 'translate', 0, 1, 'USD', 1); \
             INSERT INTO ledger_transaction (id, sandbox, key, kind, account_id, actor, created_at) \
               VALUES (5, 0, 'a', 'grant', 5, 'operator', 0); \
             INSERT INTO ledger_entry (transaction_id, line, sandbox, ledger_account, currency, amount) \
               VALUES (5, 0, 0, 'customer:5', 'USD', 1);",
        )
        .unwrap();
        run(after);
        let accounts = "SELECT account_id FROM order_found UNION ALL SELECT account_id FROM claim_job \
            UNION ALL SELECT account_id FROM delivery_attempt UNION ALL SELECT account_id FROM reward \
            UNION ALL SELECT account_id FROM ledger_entry ORDER BY 1";
        let mut accounts = connection.prepare(accounts).unwrap();
        let accounts: Vec<i64> =
            accounts.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(accounts, [0, 5, 6, 7, 8, 9]);
        let changed = connection.execute("UPDATE ledger_entry SET amount = 2", []);
        assert!(changed.is_err(), "the books are kept again");
    }
}
