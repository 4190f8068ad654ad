-- Contents that are kept beside the database, by their SHA-256 in hex. One that nothing refers to any more is doomed, later
-- deleted, then forgotten; put again meanwhile, it becomes its next generation, which has a name of its own.
CREATE TABLE file (
    digest TEXT PRIMARY KEY,
    generation BIGINT NOT NULL CHECK (generation >= 0),
    size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
    touched_at BIGINT NOT NULL,
    doomed_at BIGINT
);
CREATE INDEX file_doomed ON file (doomed_at) WHERE doomed_at IS NOT NULL;

-- What came before has its content here still; it is moved while the server runs.
CREATE TABLE upload_with_file (
    token TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    sandbox BIGINT NOT NULL CHECK (sandbox IN (0, 1)),
    filename TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    digest TEXT REFERENCES file (digest),
    content BYTEA,
    created_at BIGINT NOT NULL,
    CHECK ((digest IS NULL) <> (content IS NULL))
);
INSERT INTO upload_with_file (token, account_id, sandbox, filename, mime_type, content, created_at)
    SELECT token, account_id, sandbox, filename, mime_type, content, created_at FROM upload;
DROP TABLE upload;
ALTER TABLE upload_with_file RENAME TO upload;
CREATE INDEX upload_account ON upload (account_id, sandbox);
CREATE INDEX upload_digest ON upload (digest) WHERE digest IS NOT NULL;
CREATE INDEX upload_here ON upload (token) WHERE content IS NOT NULL;
