-- How runs have finished, in the order in which that became known, and the breakers that opened by it.

CREATE TABLE finished_runs (
    sequence    INTEGER PRIMARY KEY,
    run_id      TEXT NOT NULL UNIQUE,
    command     TEXT NOT NULL,
    site        TEXT, -- these five: none where there is none
    server_id   TEXT,
    server_name TEXT,
    server_type TEXT,
    version     TEXT,
    finished_as TEXT NOT NULL,
    at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX finished_runs_by_command ON finished_runs (command, sequence);
CREATE INDEX finished_runs_by_site ON finished_runs (command, site, sequence);
CREATE INDEX finished_runs_by_version ON finished_runs (command, server_type, version, sequence)
    WHERE version IS NOT NULL;

CREATE TABLE breakers (
    scope        TEXT NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    shape        INTEGER NOT NULL,
    body         TEXT NOT NULL,
    closed_after INTEGER, -- the last finished run when it was closed; none while it is open
    PRIMARY KEY (scope, opened_at_ms)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX breakers_open ON breakers (scope) WHERE closed_after IS NULL;
