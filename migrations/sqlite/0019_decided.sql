-- What each decision of admission was about, so that it is found by a server, a site, a policy or an answer without reading all
-- of them: one row for each of those that it names. When decisions were made is found by an index for the same reason.

CREATE TABLE decision_topics (
    topic    TEXT NOT NULL,    -- server:edge-lax-001, site:lax, policy:capacity, said:wait
    at_ms    INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- of decisions
    PRIMARY KEY (topic, at_ms, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX decisions_by_time ON decisions (at_ms, sequence);

INSERT OR IGNORE INTO decision_topics (topic, at_ms, sequence)
SELECT 'server:' || json_extract(one.value, '$.server.name'), at_ms, sequence
FROM decisions, json_each(decisions.decided) AS one;

INSERT OR IGNORE INTO decision_topics (topic, at_ms, sequence)
SELECT 'site:' || json_extract(one.value, '$.server.site'), at_ms, sequence
FROM decisions, json_each(decisions.decided) AS one;

INSERT OR IGNORE INTO decision_topics (topic, at_ms, sequence)
SELECT 'said:' || json_extract(one.value, '$.said.kind'), at_ms, sequence
FROM decisions, json_each(decisions.decided) AS one;

-- Where no server was asked about, the first word of the answer is all there is.
INSERT OR IGNORE INTO decision_topics (topic, at_ms, sequence)
SELECT 'said:' || CASE WHEN instr(verdict, ' ') > 0 THEN substr(verdict, 1, instr(verdict, ' ') - 1) ELSE verdict END, at_ms, sequence
FROM decisions WHERE decided IS NULL OR decided = '[]';

INSERT OR IGNORE INTO decision_topics (topic, at_ms, sequence)
SELECT 'policy:' || policy, at_ms, sequence FROM (
    SELECT decisions.at_ms AS at_ms, decisions.sequence AS sequence, CASE json_extract(blocker.value, '$.kind')
        WHEN 'locked' THEN 'concurrency'
        WHEN 'concurrency' THEN 'concurrency'
        WHEN 'rate' THEN 'concurrency'
        WHEN 'capacity' THEN 'capacity'
        WHEN 'health-unknown' THEN 'capacity'
        WHEN 'not-absorbed' THEN 'capacity'
        WHEN 'contradicted' THEN 'production-state'
        WHEN 'unseen' THEN 'production-state'
        WHEN 'traffic' THEN 'traffic'
        WHEN 'traffic-unknown' THEN 'traffic'
        WHEN 'domain' THEN 'infrastructure'
        WHEN 'alert' THEN 'infrastructure'
        WHEN 'alerts-unknown' THEN 'infrastructure'
        WHEN 'broken' THEN 'failure-rate'
        WHEN 'stopped' THEN 'stop'
        WHEN 'frozen' THEN 'freeze'
        WHEN 'calendar' THEN json_extract(blocker.value, '$.value.calendar_kind')
        WHEN 'held' THEN 'hold'
        WHEN 'blacklisted' THEN 'blacklist'
    END AS policy
    FROM decisions, json_each(decisions.decided) AS one, json_each(json_extract(one.value, '$.said.value')) AS blocker
    WHERE json_extract(one.value, '$.said.kind') = 'wait'
) WHERE policy IS NOT NULL;
