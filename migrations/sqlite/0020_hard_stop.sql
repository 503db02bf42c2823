-- A stop of everything under which nothing is given back either: put on by itself, or beside a stop that is on.
CREATE UNIQUE INDEX brakes_one_hard_stop ON brakes (kind) WHERE is_on = 1 AND kind = 'hard-stop';
