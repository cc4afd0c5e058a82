-- $1: the key. $2: the owner token. $3: the lease in microseconds.
WITH mine AS MATERIALIZED (
    SELECT key, expires_at > clock_timestamp() AS live
    FROM webhook_deliveries
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    FOR UPDATE SKIP LOCKED
), extended AS (
    UPDATE webhook_deliveries AS delivery
    SET expires_at = clock_timestamp() + $3 * interval '1 microsecond'
    FROM mine
    WHERE delivery.key = mine.key AND live
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM extended) THEN 'done'
    WHEN EXISTS (SELECT FROM mine) THEN 'lost'
    WHEN EXISTS (SELECT FROM webhook_deliveries WHERE key = $1 AND owner = $2 AND state = 'claimed') THEN 'locked'
    ELSE 'lost'
END
