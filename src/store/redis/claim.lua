-- A record is a hash: its owner's token and fencing token; `running` while its lease lives; `todo`
-- until it is handled. It always has a time to live: the lease's, then the window's. What changes
-- it later only removes fields, which Redis does even when it is out of memory.
--
-- KEYS[1]: the record. ARGV: the claimant's token, its lease in milliseconds.
-- Answers {0, fencing token}: acquired. {1, 0}: in progress. {2, 0}: completed.
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
    -- Of a former owner something is left only if it released; after an expiry the time has moved on.
    fencing = string.format('%.0f', math.max(now, (tonumber(fencing) or 0) + 1))
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fencing', fencing, 'running', 1, 'todo', 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {0, tonumber(fencing)}
