-- When a private answer was last delivered and to whom, and who has opened their home, so that it can show both.

ALTER TABLE slots ADD COLUMN delivered_at_ms INTEGER;
-- The only reader of a private answer that was composed when it was decided, as `team/user`.
ALTER TABLE slots ADD COLUMN reader TEXT;
UPDATE slots SET reader =
    json_extract(destination, '$.value.person.team') || '/' || json_extract(destination, '$.value.person.user')
WHERE is_live = 0 AND json_extract(destination, '$.kind') = 'private';
CREATE INDEX slots_by_reader ON slots (reader, sequence) WHERE reader IS NOT NULL;

CREATE TABLE homes (
    team         TEXT NOT NULL,
    user         TEXT NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    shown        TEXT, -- none before the first time
    shown_at_ms  INTEGER,
    PRIMARY KEY (team, user)
) STRICT, WITHOUT ROWID;
