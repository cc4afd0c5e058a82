-- Completes a claim in the caller's transaction. It may wait for a heartbeat, and for another transaction of the handler,
-- but for at most a second.
-- $1: the key. $2: the owner token. $3: the deduplication window in microseconds.
--
-- A lease that has expired does not matter while no other owner has taken the claim over: the lock keeps it so. At a
-- strict isolation level, the row of the snapshot may even show an earlier lease.
WITH cte_bounded AS MATERIALIZED (
    SELECT current_setting('lock_timeout') AS before, set_config('lock_timeout', '1s', true)
), cte_completed AS (
    UPDATE webhook_deliveries
    SET state = 'completed', expires_at = clock_timestamp() + $3 * interval '1 microsecond'
    FROM cte_bounded
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    RETURNING 1
), cte_answer AS MATERIALIZED (
    SELECT CASE
        WHEN EXISTS (SELECT FROM cte_completed) THEN 'done'
        ELSE coalesce(
            (SELECT CASE
                WHEN state <> 'completed' THEN 'lost'
                WHEN owner = $2 THEN 'completed by owner'
                ELSE 'completed'
            END FROM webhook_deliveries WHERE key = $1),
            'missing'
        )
    END AS text
)
-- The setting is restored once there is an answer. After an error, the caller rolls it back.
SELECT cte_answer.text, set_config('lock_timeout', cte_bounded.before, true) FROM cte_answer, cte_bounded
