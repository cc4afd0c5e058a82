-- KEYS[1]: the record. ARGV: the owner token, the window in milliseconds.
-- Returns 1 if the token holds the claim or has completed it, and 0 otherwise.
local owner, running, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running', 'todo'))
if owner ~= ARGV[1] then
    return 0
end
if running then
    redis.call('HDEL', KEYS[1], 'running', 'todo')
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1
end
-- The call may repeat one whose answer was lost. Without `todo`, this owner has completed the claim;
-- with `todo`, it has released the claim.
return todo and 0 or 1
