-- What people put on to stop things: the stop of everything, freezes, holds, the blacklist. And who was last seen to be
-- a member, so that stopping works while nobody can be looked up.

CREATE TABLE brakes (
    sequence    INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    -- A selector's text, a server's id, or a request's; none is everything.
    scope       TEXT,
    -- The name of a held server; the command of a blacklist's entry, where none is every one.
    detail      TEXT,
    level       TEXT,
    team        TEXT NOT NULL,
    user        TEXT NOT NULL,
    name        TEXT NOT NULL,
    since_ms    INTEGER NOT NULL,
    why         TEXT NOT NULL,
    until_ms    INTEGER,
    is_on       INTEGER NOT NULL,
    -- Who took it off; none while it is on, and of one whose time was over.
    ended_team  TEXT,
    ended_user  TEXT,
    ended_name  TEXT,
    ended_at_ms INTEGER,
    ended_why   TEXT
) STRICT;
CREATE INDEX brakes_on ON brakes (sequence) WHERE is_on = 1;
CREATE UNIQUE INDEX brakes_one_stop ON brakes (kind) WHERE is_on = 1 AND kind = 'stop';

CREATE TABLE members_seen (
    team       TEXT NOT NULL,
    user       TEXT NOT NULL,
    name       TEXT NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    PRIMARY KEY (team, user)
) STRICT, WITHOUT ROWID;
