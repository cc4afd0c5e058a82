-- Completes a claim in the caller's transaction, which may wait for a heartbeat.
-- $1: the key. $2: the owner token. $3: the deduplication window in microseconds.
--
-- A lease that has expired does not matter while no other owner has taken the claim over: the lock keeps it so. At a
-- strict isolation level, the row of the snapshot may even show an earlier lease.
WITH completed AS (
    UPDATE webhook_deliveries
    SET state = 'completed', expires_at = clock_timestamp() + $3 * interval '1 microsecond'
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM completed) THEN 'done'
    ELSE coalesce(
        (SELECT CASE
            WHEN state <> 'completed' THEN 'lost'
            WHEN owner = $2 THEN 'completed by owner'
            ELSE 'completed'
        END FROM webhook_deliveries WHERE key = $1),
        'missing'
    )
END
