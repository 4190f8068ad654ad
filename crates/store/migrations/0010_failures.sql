-- How often a task failed; how often it was leased says how it is told from an earlier lease.
ALTER TABLE task ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
