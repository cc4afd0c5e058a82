-- $1: the maximum number of rows. `now()` can use the index, unlike `clock_timestamp()`.
DELETE FROM webhook_deliveries
WHERE key IN (
    SELECT key FROM webhook_deliveries
    WHERE expires_at <= now()
    ORDER BY expires_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
