-- KEYS[1]: the record.
-- Returns 1 if the record was completed and is now deleted, and 0 otherwise.
local owner, todo = unpack(redis.call('HMGET', KEYS[1], 'owner', 'todo'))
if not owner or todo then
    return 0
end
return redis.call('DEL', KEYS[1])
