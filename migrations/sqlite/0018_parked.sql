-- A run that waits for a person has its server still, but no place among those at work. Locks say so from now on; those whose
-- runs have asked somebody already, from here.

UPDATE locks SET standing = 'parked'
WHERE standing = 'working' AND run_id IN (SELECT id FROM runs WHERE state = 'needs-person');
