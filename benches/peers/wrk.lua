-- A script for `wrk`. It sends each of the signed deliveries once and prints a one-line summary.

local heads, sent = {}, 0
local body

function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    body = file:read("*a")
    file:close()
    for line in io.lines(arguments[2]) do
        heads[#heads + 1] = line
    end
end

function request()
    sent = sent + 1
    -- If all deliveries have been sent, a second pass sends duplicates, which the summary counts.
    local id, timestamp, signature = heads[(sent - 1) % #heads + 1]:match("(%S+) (%S+) (%S+)")
    if sent > #heads then
        repeated = sent - #heads
    end
    return wrk.format("POST", nil, {
        ["content-type"] = "application/json",
        ["webhook-id"] = id,
        ["webhook-timestamp"] = timestamp,
        ["webhook-signature"] = signature,
    }, body)
end

-- `thread:get` only reads global variables.
repeated = 0
local threads = {}

function setup(thread)
    threads[#threads + 1] = thread
end

function done(summary, latency)
    local errors, twice = summary.errors, 0
    for _, thread in ipairs(threads) do
        twice = twice + thread:get("repeated")
    end
    print(string.format(
        "summary %d %d %d %d %d %d %d %d",
        summary.requests, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, twice,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)
    ))
end
