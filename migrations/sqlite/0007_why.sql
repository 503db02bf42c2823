-- Which command a request is of, so that what it took before can be asked about; and what decisions were made on and said,
-- so that they can be asked again.

ALTER TABLE requests ADD COLUMN command TEXT NOT NULL DEFAULT '';
UPDATE requests SET command = coalesce((
    SELECT json_extract(body, '$.value.plan.parts.command')
    FROM request_events WHERE request_id = requests.id AND seq = 1
), '');
CREATE INDEX requests_by_command ON requests (command, sequence);

ALTER TABLE decisions ADD COLUMN shape INTEGER NOT NULL DEFAULT 1;
ALTER TABLE decisions ADD COLUMN decided TEXT; -- none of decisions before that was kept
ALTER TABLE decisions ADD COLUMN snapshot TEXT;

CREATE TABLE snapshots (
    id    TEXT NOT NULL PRIMARY KEY,
    shape INTEGER NOT NULL,
    body  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
