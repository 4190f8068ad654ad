-- What is forgotten by its age, found without reading the rest.
CREATE INDEX identical_call_age ON identical_call (created_at);
CREATE INDEX mail_age ON mail (created_at) WHERE state <> 'waiting';
