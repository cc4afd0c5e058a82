-- $1: the key. The row keeps only its fencing token: the former owner has not released it.
WITH completed AS MATERIALIZED (
    SELECT key
    FROM webhook_deliveries
    WHERE key = $1 AND state = 'completed' AND expires_at > clock_timestamp()
    FOR UPDATE SKIP LOCKED
), released AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'released', owner = ''
    FROM completed
    WHERE delivery.key = completed.key
    RETURNING 1
)
SELECT CASE
    WHEN EXISTS (SELECT FROM released) THEN 'done'
    WHEN EXISTS (
        SELECT FROM webhook_deliveries
        WHERE key = $1 AND state = 'completed' AND expires_at > clock_timestamp()
    ) THEN 'locked'
    ELSE 'lost'
END
