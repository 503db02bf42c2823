-- Which command a request is of, so that what it took before can be asked about.

ALTER TABLE requests ADD COLUMN command TEXT NOT NULL DEFAULT '';
UPDATE requests SET command = coalesce((
    SELECT json_extract(body, '$.value.plan.parts.command')
    FROM request_events WHERE request_id = requests.id AND seq = 1
), '');
CREATE INDEX requests_by_command ON requests (command, sequence);
