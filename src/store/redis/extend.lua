-- KEYS[1]: the record. ARGV: the owner token, the lease in milliseconds.
-- Returns 1 if the token holds the claim, and 0 otherwise.
local owner, running = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running'))
if owner ~= ARGV[1] or not running then
    return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
