-- A server's state may be a person's word. A state that a run set has none of these, and one that a person set has no run.

ALTER TABLE server_states ADD COLUMN team TEXT;
ALTER TABLE server_states ADD COLUMN user TEXT;
ALTER TABLE server_states ADD COLUMN name TEXT;
ALTER TABLE server_states ADD COLUMN why TEXT;

-- What people said of servers, kept for good; `body` also holds what it relied on.
CREATE TABLE declarations (
    sequence  INTEGER PRIMARY KEY,
    server_id TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    shape     INTEGER NOT NULL,
    body      TEXT NOT NULL
) STRICT;
CREATE INDEX declarations_by_server ON declarations (server_id, sequence);
