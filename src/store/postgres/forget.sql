-- $1: the key.
WITH completed AS MATERIALIZED (
    SELECT key
    FROM webhook_deliveries
    WHERE key = $1 AND state = 'completed' AND expires_at > clock_timestamp()
    FOR UPDATE SKIP LOCKED
), released AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'released'
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
