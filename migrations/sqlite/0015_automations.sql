-- By whom a run was asked for; those from before this count as a person's. What failed on one server, and what fails of a
-- command elsewhere, is each found by an index of its own.

ALTER TABLE finished_runs ADD COLUMN asked_by TEXT NOT NULL DEFAULT 'person';
CREATE INDEX finished_runs_by_server ON finished_runs (command, server_name, sequence) WHERE server_name IS NOT NULL;
CREATE INDEX finished_runs_failed ON finished_runs (at_ms) WHERE finished_as <> 'succeeded' AND server_id IS NOT NULL;
CREATE INDEX finished_runs_lately ON finished_runs (command, at_ms, site, server_type, version, finished_as);
