-- $1: the key. $2: the owner token.
WITH cte_mine AS MATERIALIZED (
    SELECT key, expires_at > clock_timestamp() AS live
    FROM webhook_deliveries
    WHERE key = $1 AND owner = $2 AND state = 'claimed'
    FOR UPDATE SKIP LOCKED
), cte_released AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'released'
    FROM cte_mine
    WHERE delivery.key = cte_mine.key AND live
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM cte_released) THEN 'done'
    WHEN EXISTS (SELECT FROM cte_mine) THEN 'lost'
    ELSE coalesce(
        -- The owner may have released the claim before, in a call whose answer was lost, or completed it in a
        -- transaction, whose window may already have passed.
        (SELECT CASE
            WHEN state = 'released' AND expires_at > clock_timestamp() THEN 'done'
            WHEN state = 'completed' THEN 'completed'
            WHEN state = 'claimed' THEN 'locked'
        END FROM webhook_deliveries WHERE key = $1 AND owner = $2),
        'lost'
    )
END
