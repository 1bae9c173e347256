-- A sliding window, exactly: a list of the instants at which units were taken, the oldest first; so they are in order. Numbers: what is
-- asked for, the limit, the window. At most 4,096 instants are kept, and as many go into one call, which is below what Lua can unpack.

-- How many of so many instants are no longer seen. In 13 steps at most.
local function log_gone(key, length, window, now)
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if now - tonumber(redis.call('LINDEX', key, middle)) >= window then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

methods.log = {
  take = function(key, a, now)
    local length = redis.call('LLEN', key)
    local newest = length > 0 and tonumber(redis.call('LINDEX', key, -1)) or 0
    now = math.max(newest, now)
    local gone = log_gone(key, length, a[3], now)
    local count = length - gone
    -- What has to go first, if it may not.
    local last, over = 0, a[1] - (a[2] - count)
    if over > 0 then
      last = tonumber(redis.call('LINDEX', key, gone + over - 1))
    end
    return over <= 0, now, { count, newest, last }, function()
      if gone > 0 then
        redis.call('LTRIM', key, gone, -1)
      end
      local instants = {}
      for n = 1, a[1] do
        instants[n] = text(now)
      end
      redis.call('RPUSH', key, unpack(instants))
      redis.call('PEXPIRE', key, text(math.floor(a[3] / 1000) + 1))
    end
  end,

  -- Numbers: what was taken, and when. All of one instant are alike.
  give = function(key, a, now)
    redis.call('LREM', key, a[1], text(a[2]))
  end,
}
