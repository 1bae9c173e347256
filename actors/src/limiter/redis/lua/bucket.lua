-- Tokens that come evenly, as the time at which the bucket will be full: whole microseconds, and parts of one, of which there are as
-- many in each as tokens in a window. So no token is ever rounded. Parts are below 2^32 and a sum of two below 2^33; a bucket
-- fills within 100 years, so that its time is below 2^53 until the year 2155.
--
-- State: the time of use, and when it will be full. Numbers: what is asked for, a full bucket and what a new one lacks, each in whole and
-- in parts; the parts in each; for how long it is kept when it is full.

local function bucket_missing(s, a, now)
  if not s then
    return a[5], a[6]
  end
  if s[2] < now then
    return 0, 0
  end
  return s[2] - now, s[3]
end

methods.bucket = {
  take = function(key, a, now)
    local s = load(key)
    now = s and math.max(s[1], now) or now
    local whole, part = bucket_missing(s, a, now)
    local after, over = whole + a[1], part + a[2]
    if over >= a[7] then
      after, over = after + 1, over - a[7]
    end
    local may = after < a[3] or (after == a[3] and over <= a[4])
    return may, now, { whole, part }, function()
      save(key, { now, now + after, over }, after + a[8] + 1)
    end, not s and a[8] > 0 and function()
      -- What a new one lacks comes from now on.
      save(key, { now, now + whole, part }, whole + a[8] + 1)
    end
  end,

  -- Numbers: what was taken, when the bucket was to be full after it, each in whole and in parts; the parts; for how long it is kept.
  give = function(key, a, now)
    local s = load(key)
    if not s then
      return
    end
    now = math.max(s[1], now)
    -- From the moment on at which it would have been full without the taking, it might have been: that does not come back.
    local whole, part = a[1], a[2]
    local left, rest = a[3] - now, a[4]
    if left < 0 then
      return
    end
    if left < whole or (left == whole and rest < part) then
      whole, part = left, rest
    end
    local full, over = s[2] - whole, s[3] - part
    if over < 0 then
      full, over = full - 1, over + a[5]
    end
    save(key, { now, full, over }, math.max(full - now, 0) + a[6] + 1)
  end,
}
