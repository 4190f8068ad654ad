-- Raised by every transaction that writes an environment's data (on PostgreSQL): a replica that has the same version has all of
-- them.
ALTER TABLE environment ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
