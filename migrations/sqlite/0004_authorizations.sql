-- Each answer to "may they?" about a line, a press or a start, with what it was made from.

CREATE TABLE authorizations (
    sequence   INTEGER PRIMARY KEY,
    at_ms      INTEGER NOT NULL,
    occasion   TEXT NOT NULL,
    request_id TEXT, -- none where no request came of it
    person     TEXT NOT NULL, -- as `team/user`
    standing   TEXT NOT NULL, -- empty where the directory told nothing
    shape      INTEGER NOT NULL,
    record     TEXT NOT NULL
) STRICT;
CREATE INDEX authorizations_by_request ON authorizations (request_id, sequence) WHERE request_id IS NOT NULL;
CREATE INDEX authorizations_by_person ON authorizations (person, sequence) WHERE standing <> '';
CREATE INDEX authorizations_by_time ON authorizations (at_ms, sequence);
