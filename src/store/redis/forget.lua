-- KEYS[1]: the record. Answers 1: it was completed, and is gone.
local owner, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'todo'))
if not owner or todo then
    return 0
end
return redis.call('DEL', KEYS[1])
