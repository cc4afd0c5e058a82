-- A record is a hash with the fields `owner` (the owner token), `fencing` (the fencing token),
-- `running` (until the claim is settled) and `todo` (until the claim is completed). Its time to live
-- is the lease, then the window. After the claim, changes only remove fields or set the time to live,
-- which Redis allows even when it is out of memory.
--
-- KEYS[1]: the record. ARGV: the claimant's owner token, the lease in milliseconds.
-- Returns {0, fencing token} if acquired, {1, 0} if in progress, {2, 0} if completed.
local owner, fencing, running, todo =
    unpack(redis.call('HMGET', KEYS[1], 'owner', 'fencing', 'running', 'todo'))
if running and owner ~= ARGV[1] then
    return {1, 0}
end
if owner and not todo then
    return {2, 0}
end
if not running then
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    -- A released record keeps its fencing token, which may be ahead of the clock. An expired record is
    -- gone, but the clock has advanced.
    fencing = string.format('%.0f', math.max(now, (tonumber(fencing) or 0) + 1))
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fencing', fencing, 'running', 1, 'todo', 1)
end
local expires = redis.pcall('PEXPIRE', KEYS[1], ARGV[2])
if type(expires) == 'table' then
    -- The user may not set a time to live. Without one, the claim would never end.
    redis.call('HDEL', KEYS[1], 'running')
    return expires
end
return {0, tonumber(fencing)}
