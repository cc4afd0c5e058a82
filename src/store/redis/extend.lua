-- KEYS[1]: the record. ARGV: the owner's token, its lease in milliseconds. Answers 1: it is the owner's.
local owner, running = unpack(redis.call('HMGET', KEYS[1], 'owner', 'running'))
if owner ~= ARGV[1] or not running then
    return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
