-- Whose a request is, as `team/user`, so that people can be shown their own.

ALTER TABLE requests ADD COLUMN requester TEXT NOT NULL DEFAULT '';
UPDATE requests SET requester = coalesce((
    SELECT json_extract(body, '$.value.origin.person.team') || '/' || json_extract(body, '$.value.origin.person.user')
    FROM request_events WHERE request_id = requests.id AND seq = 1
), '');
CREATE INDEX requests_by_requester ON requests (requester, sequence);
