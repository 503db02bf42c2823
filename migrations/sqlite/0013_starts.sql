-- When work started on servers, also by runs that are over, and how long it took until a server was back; of what started
-- before this nothing is noted.

CREATE TABLE starts (
    run_id  TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    command TEXT NOT NULL,
    took_ms INTEGER, -- none until everything was done and verified
    PRIMARY KEY (run_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX starts_lately ON starts (at_ms, command);
CREATE INDEX starts_done ON starts (at_ms, run_id) WHERE took_ms IS NOT NULL;
