-- The run that took the server out of production, as long as it is out; none where people or the inventory say that it is.
-- Before this only runs could have taken out what a run had set to one of these states.

ALTER TABLE server_states ADD COLUMN taken_by TEXT;
UPDATE server_states SET taken_by = run_id WHERE user IS NULL AND state IN ('draining', 'drained', 'undraining');

-- Rows that are many and seldom change, numbered by their last change: whoever has read them reads only what has changed since.

ALTER TABLE server_states ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX server_states_changed ON server_states (changed);
ALTER TABLE health_looks ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX health_looks_changed ON health_looks (changed);
