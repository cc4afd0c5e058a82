-- $1: the maximum number of rows. `now()` can use the index, unlike `clock_timestamp()`.
--
-- A row stays for an hour after it has expired. Its fencing token then still counts if the clock was set back, and a slow
-- owner learns that its claim is lost.
DELETE FROM webhook_deliveries
WHERE key IN (
    SELECT key FROM webhook_deliveries
    WHERE expires_at <= now() - interval '1 hour'
    ORDER BY expires_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
