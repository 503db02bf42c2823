-- Everything that is kept. Times are whole milliseconds (`_ms`), ids are texts, `shape` numbers the JSON beside it.

CREATE TABLE operations (
    operation_id TEXT NOT NULL PRIMARY KEY,
    outcome      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE envelopes (
    sequence       INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    raw            TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    outcome        TEXT -- none while it is open
) STRICT;
CREATE INDEX envelopes_open ON envelopes (received_at_ms, sequence) WHERE outcome IS NULL;

CREATE TABLE requests (
    sequence INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    version  INTEGER NOT NULL,
    is_open  INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_open ON requests (sequence) WHERE is_open = 1;

CREATE TABLE request_events (
    request_id TEXT NOT NULL REFERENCES requests (id),
    seq        INTEGER NOT NULL,
    shape      INTEGER NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (request_id, seq)
) STRICT;

CREATE TABLE runs (
    id         TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    number     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    state      TEXT NOT NULL,
    wake_at_ms INTEGER,
    UNIQUE (request_id, number)
) STRICT;
CREATE INDEX runs_due ON runs (wake_at_ms, request_id, number) WHERE state <> 'over' AND wake_at_ms IS NOT NULL;
CREATE INDEX runs_open ON runs (state) WHERE state <> 'over';

CREATE TABLE run_events (
    run_id TEXT NOT NULL REFERENCES runs (id),
    seq    INTEGER NOT NULL,
    shape  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT;

CREATE TABLE server_states (
    server_id TEXT NOT NULL PRIMARY KEY,
    state     TEXT NOT NULL,
    run_id    TEXT NOT NULL,
    since_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE locks (
    server_id TEXT NOT NULL PRIMARY KEY,
    run_id    TEXT NOT NULL,
    command   TEXT NOT NULL,
    since_ms  INTEGER NOT NULL,
    standing  TEXT NOT NULL,
    -- The failed run whose lock this one took over, so that its notice can be closed when the server is back.
    taken_from TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE health_looks (
    server_id  TEXT NOT NULL PRIMARY KEY,
    health     TEXT NOT NULL,
    seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE controls (
    handle     TEXT NOT NULL PRIMARY KEY,
    shape      INTEGER NOT NULL,
    action     TEXT NOT NULL,
    bound      TEXT NOT NULL,
    used_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
    sequence        INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    lane            TEXT NOT NULL,
    shape           INTEGER NOT NULL,
    destination     TEXT NOT NULL,
    content         TEXT NOT NULL,
    is_live         INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    delivered       INTEGER NOT NULL,
    begun_at_ms     INTEGER,
    message_channel TEXT,
    message_ts      TEXT,
    not_before_ms   INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    undeliverable   TEXT
) STRICT;
CREATE INDEX slots_due ON slots (sequence) WHERE undeliverable IS NULL AND revision > delivered;
CREATE INDEX slots_undelivered ON slots (lane, sequence) WHERE undeliverable IS NULL AND delivered = 0;
CREATE INDEX slots_by_message ON slots (message_channel, message_ts) WHERE message_ts IS NOT NULL;

CREATE TABLE decisions (
    sequence   INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    verdict    TEXT NOT NULL,
    evidence   TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_request ON decisions (request_id, sequence);
