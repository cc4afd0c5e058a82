-- $1: the key. The row keeps only its fencing token: the former owner has not released it.
WITH cte_completed AS MATERIALIZED (
    SELECT key
    FROM webhook_deliveries
    WHERE key = $1 AND state = 'completed' AND expires_at > clock_timestamp()
    FOR UPDATE SKIP LOCKED
), cte_released AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'released', owner = ''
    FROM cte_completed
    WHERE delivery.key = cte_completed.key
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM cte_released) THEN 'done'
    WHEN EXISTS (
        SELECT FROM webhook_deliveries
        WHERE key = $1 AND state = 'completed' AND expires_at > clock_timestamp()
    ) THEN 'locked'
    ELSE 'lost'
END
