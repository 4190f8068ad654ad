-- A destination's turn ends before its next one begins. How the last callback went says from whose room the next one takes.
ALTER TABLE destination ADD COLUMN busy_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE destination ADD COLUMN standing TEXT NOT NULL DEFAULT 'new'
    CHECK (standing IN ('new', 'failing', 'slow', 'prompt'));
UPDATE destination SET standing = 'failing' WHERE failures > 0;
DROP INDEX destination_due;
CREATE INDEX destination_due ON destination (standing, due_at) WHERE paused = 0;
