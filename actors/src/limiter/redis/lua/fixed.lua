-- Windows that follow each other. State: the time of use, when the present window ends, what was taken in it. Numbers: what is asked for,
-- the limit, the window, the phase, and 1 if windows begin with the first use. Times are below 2^53 until the year 2254, as a
-- window is at most 366 days. `fmod` is exact.

methods.fixed = {
  take = function(key, a, now)
    local s = load(key)
    now = s and math.max(s[1], now) or now
    local stop, count = now + a[3], 0
    if s and now < s[2] then
      stop, count = s[2], s[3]
    elseif a[5] == 0 then
      stop = stop - math.fmod(now - a[4], a[3])
    end
    return count + a[1] <= a[2], now, { stop, count }, function()
      save(key, { now, stop, count + a[1] }, stop - now)
    end
  end,

  -- Numbers: what was taken, and when the window of the taking ends.
  give = function(key, a, now)
    local s = load(key)
    now = s and math.max(s[1], now) or now
    if s and now < s[2] and s[2] == a[2] then
      save(key, { now, s[2], math.max(s[3] - a[1], 0) }, s[2] - now)
    end
  end,
}
