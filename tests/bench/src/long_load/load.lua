-- What wrk asks, and how it counts the answers. Lines that begin with `@` are read by `wrk.rs`.

local threads = {}

function setup(thread)
    thread:set("nth", #threads)
    table.insert(threads, thread)
end

function init(args)
    local json = { ["Content-Type"] = "application/json" }
    local token = args[1]
    if token then json["Authorization"] = "Bearer " .. token end
    requests = {
        wrk.format("GET", "/api/config/interface/max_results"),
        wrk.format("PUT", "/api/config/interface/max_results", json, "500"),
        wrk.format("GET", "/api/events?limit=10"),
        wrk.format("POST", "/api/events", json, '{"event_type":"load","data":{"cups":2}}'),
    }
    asked = nth
    counts = {}
end

function request()
    asked = asked + 1
    return requests[asked % #requests + 1]
end

function response(status, headers, body)
    local key = tostring(status)
    if status >= 400 then
        local guard = headers["mainstay-guard"] or "-"
        local code = string.match(body, '"code":"([^"]+)"') or "-"
        key = key .. " " .. guard .. " " .. code
    else
        key = key .. " - -"
    end
    counts[key] = (counts[key] or 0) + 1
end

function done(summary, latency, requests)
    local all = {}
    for _, thread in ipairs(threads) do
        for key, count in pairs(thread:get("counts")) do
            all[key] = (all[key] or 0) + count
        end
    end
    for key, count in pairs(all) do
        io.write(string.format("@answers %d %s\n", count, key))
    end
    local errors = summary.errors
    io.write(string.format("@errors %d %d %d %d\n", errors.connect, errors.read, errors.write, errors.timeout))
    io.write(string.format("@requests %d %d\n", summary.requests, summary.duration))
    io.write(string.format("@latency %d %d %d\n", latency:percentile(50), latency:percentile(99), latency.max))
end
