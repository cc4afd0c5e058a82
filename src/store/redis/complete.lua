-- KEYS[1]: the record. ARGV: the owner's token, the window in milliseconds. Answers 1: it is the owner's.
local owner, running, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running', 'todo'))
if owner ~= ARGV[1] then
    return 0
end
if running then
    redis.call('HDEL', KEYS[1], 'running', 'todo')
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1
end
-- It may be asked again, its answer having been lost: completed by this owner, or released.
return todo and 0 or 1
