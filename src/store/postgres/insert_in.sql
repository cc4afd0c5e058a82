-- Completes a delivery without a claim in the caller's transaction. Waits for another transaction that does the same, but
-- for at most a second.
-- $1: the key. $2: the owner token. $3: the deduplication window in microseconds.
WITH cte_now AS MATERIALIZED (
    SELECT
        clock_timestamp() AS at,
        current_setting('lock_timeout') AS before,
        set_config('lock_timeout', '1s', true)
), cte_completed AS (
    INSERT INTO webhook_deliveries AS delivery (key, state, owner, fencing_token, expires_at)
    SELECT $1, 'completed', $2, (extract(epoch FROM cte_now.at) * 1000000)::bigint, cte_now.at + $3 * interval '1 microsecond'
    FROM cte_now
    ON CONFLICT (key) DO UPDATE
    SET state = 'completed',
        owner = $2,
        fencing_token = greatest(delivery.fencing_token + 1, excluded.fencing_token),
        expires_at = excluded.expires_at
    -- The claim whose answer was lost may have been made.
    WHERE delivery.state = 'released'
        OR delivery.expires_at <= clock_timestamp()
        OR (delivery.state = 'claimed' AND delivery.owner = $2)
    RETURNING 1
), cte_answer AS MATERIALIZED (
    SELECT CASE
        WHEN EXISTS (SELECT FROM cte_completed) THEN 'done'
        ELSE coalesce(
            (SELECT CASE
                WHEN state <> 'completed' THEN 'lost'
                WHEN owner = $2 THEN 'completed by owner'
                ELSE 'completed'
            END FROM webhook_deliveries WHERE key = $1),
            'lost'
        )
    END AS text
)
-- The setting is restored once there is an answer. After an error, the caller rolls it back.
SELECT cte_answer.text, set_config('lock_timeout', cte_now.before, true) FROM cte_answer, cte_now
