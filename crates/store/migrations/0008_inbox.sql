-- At least as many bytes as the inboxes of a sandbox hold: what is received is added, what is forgotten is not taken off.
-- Once it passes the limit it is counted. So it may begin with more than there can be.
ALTER TABLE environment ADD COLUMN inbox_bytes BIGINT NOT NULL DEFAULT 0;
UPDATE environment SET inbox_bytes = 1000000000 WHERE sandbox = 1;
