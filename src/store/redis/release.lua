-- KEYS[1]: the record. ARGV: the owner's token. Answers 1: it is the owner's.
local owner, running, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running', 'todo'))
if owner ~= ARGV[1] then
    return 0
end
-- The rest stays for what is left of the lease: so that the next fencing token is higher even if
-- the clock is set back, and this owner is known if it asks again, its answer having been lost.
if running then
    redis.call('HDEL', KEYS[1], 'running')
end
return todo and 1 or 0
