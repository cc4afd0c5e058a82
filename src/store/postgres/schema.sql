-- The table of `PostgresStore`. Each delivery of the deduplication window has a row of about 400 bytes with its
-- indexes.
CREATE TABLE webhook_deliveries (
    -- The deduplication key, `{scope}:{id}`. Its collation does not change with the operating system.
    key text COLLATE "C" PRIMARY KEY,
    -- A released row keeps its fencing token until it is deleted.
    state text NOT NULL CHECK (state IN ('claimed', 'released', 'completed')),
    -- The owner token of the last claim; empty once the key is forgotten.
    owner bytea NOT NULL,
    fencing_token bigint NOT NULL,
    -- The end of the lease or, for a completed row, of the deduplication window.
    expires_at timestamptz NOT NULL
);
-- For `delete_expired`.
CREATE INDEX ON webhook_deliveries (expires_at);
