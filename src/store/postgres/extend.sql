-- $1: the key. $2: the owner token. $3: the lease in microseconds.
WITH cte_mine AS MATERIALIZED (
    SELECT key, expires_at > clock_timestamp() AS live
    FROM webhook_deliveries
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    FOR UPDATE SKIP LOCKED
), cte_extended AS (
    UPDATE webhook_deliveries AS delivery
    SET expires_at = clock_timestamp() + $3 * interval '1 microsecond'
    FROM cte_mine
    WHERE delivery.key = cte_mine.key AND live
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM cte_extended) THEN 'done'
    WHEN EXISTS (SELECT FROM cte_mine) THEN 'lost'
    WHEN EXISTS (SELECT FROM webhook_deliveries WHERE key = $1 AND owner = $2 AND state = 'claimed') THEN 'locked'
    ELSE 'lost'
END
