-- Until when people may have to be told of trouble with a request after its end; 0 if it had none. Of requests from before
-- this nothing is noted: what they left behind is told by the servers.

ALTER TABLE requests ADD COLUMN trouble_until_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX requests_troubled ON requests (trouble_until_ms) WHERE trouble_until_ms > 0 AND is_open = 0;
