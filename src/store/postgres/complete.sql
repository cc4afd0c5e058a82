-- $1: the key. $2: the owner token. $3: the deduplication window in microseconds.
WITH cte_mine AS MATERIALIZED (
    SELECT key, expires_at > clock_timestamp() AS live
    FROM webhook_deliveries
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    FOR UPDATE SKIP LOCKED
), cte_completed AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'completed', expires_at = clock_timestamp() + $3 * interval '1 microsecond'
    FROM cte_mine
    WHERE delivery.key = cte_mine.key AND live
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM cte_completed) THEN 'done'
    WHEN EXISTS (SELECT FROM cte_mine) THEN 'lost'
    ELSE coalesce(
        -- The owner may have completed the claim before, in a call whose answer was lost or in a transaction.
        (SELECT CASE
            WHEN state = 'completed' AND expires_at > clock_timestamp() THEN 'done'
            WHEN state = 'claimed' THEN 'locked'
        END FROM webhook_deliveries WHERE key = $1 AND owner = $2),
        'lost'
    )
END
