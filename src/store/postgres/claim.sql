-- $1: the key. $2: the claimant's owner token. $3: the lease in microseconds.
-- Returns the fencing token if acquired, and whether the key is completed.
--
-- `INSERT … ON CONFLICT` waits for a transaction that has locked the row. So only insert if no row is visible, and
-- skip a locked row. If two claimants insert at once, the second waits for the first, for at most the `lock_timeout`.
-- A row that cannot be claimed is not locked, so that duplicates do not write.
WITH cte_now AS MATERIALIZED (
    SELECT clock_timestamp() AS at, set_config('lock_timeout', '100ms', true)
), cte_free AS MATERIALIZED (
    SELECT delivery.key
    FROM cte_now, webhook_deliveries AS delivery
    WHERE delivery.key = $1
        AND (state = 'released' OR expires_at <= cte_now.at OR (state = 'claimed' AND owner = $2))
    FOR UPDATE OF delivery SKIP LOCKED
), cte_taken AS (
    UPDATE webhook_deliveries AS delivery
    SET state = 'claimed',
        owner = $2,
        fencing_token = CASE
            WHEN state = 'claimed' AND owner = $2 THEN fencing_token
            ELSE greatest(fencing_token + 1, (extract(epoch FROM cte_now.at) * 1000000)::bigint)
        END,
        expires_at = cte_now.at + $3 * interval '1 microsecond'
    FROM cte_now, cte_free
    WHERE delivery.key = cte_free.key
    RETURNING fencing_token
), cte_inserted AS (
    INSERT INTO webhook_deliveries (key, state, owner, fencing_token, expires_at)
    SELECT $1, 'claimed', $2, (extract(epoch FROM cte_now.at) * 1000000)::bigint, cte_now.at + $3 * interval '1 microsecond'
    FROM cte_now
    WHERE NOT EXISTS (SELECT FROM webhook_deliveries WHERE key = $1)
    ON CONFLICT (key) DO NOTHING
    RETURNING fencing_token
)
SELECT
    (SELECT fencing_token FROM cte_taken UNION ALL SELECT fencing_token FROM cte_inserted),
    EXISTS (SELECT FROM cte_now, webhook_deliveries WHERE key = $1 AND state = 'completed' AND expires_at > cte_now.at)
