-- KEYS[1]: the record. ARGV: the owner token.
-- Returns 1 if the token holds the claim or has released it, and 0 otherwise.
local owner, running, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running', 'todo'))
if owner ~= ARGV[1] then
    return 0
end
-- Keep the other fields for the rest of the lease. The next fencing token is then higher even if the
-- clock is set back, and the owner can repeat a call whose answer was lost.
if running then
    redis.call('HDEL', KEYS[1], 'running')
end
return todo and 1 or 0
