-- A sliding window from two counters. State: the time of use, when the present window began, what was taken in the one before and in
-- the present one. Numbers: what is asked for, the limit, the window.

-- Whether a * b > c * d; a and c are below 2^32, b and d below 2^45. In digits of 24 bits no product of two is above 2^48.
local function product(a, b)
  local low, high = a % 16777216, math.floor(a / 16777216)
  local below, above = b % 16777216, math.floor(b / 16777216)
  local first = low * below
  local second = low * above + high * below + math.floor(first / 16777216)
  return high * above + math.floor(second / 16777216), second % 16777216, first % 16777216
end

local function more(a, b, c, d)
  local x, y, z = product(a, b)
  local u, v, w = product(c, d)
  if x ~= u then
    return x > u
  elseif y ~= v then
    return y > v
  end
  return z > w
end

local function weighted_present(s, window, now)
  local start, before, present = now, 0, 0
  if s and now - s[2] < window then
    start, before, present = s[2], s[3], s[4]
  elseif s and now - s[2] < 2 * window then
    start, present, before = s[2] + window, 0, s[4]
  end
  if before == 0 and present == 0 then
    start = now
  end
  return start, before, present
end

methods.weighted = {
  take = function(key, a, now)
    local s = load(key)
    now = s and math.max(s[1], now) or now
    local start, before, present = weighted_present(s, a[3], now)
    local room = a[2] - present - a[1]
    -- Of the window before, as much counts as the sliding one still sees.
    local may = room >= 0 and not more(before, a[3] - (now - start), room, a[3])
    return may, now, { start, before, present }, function()
      save(key, { now, start, before, present + a[1] }, start + 2 * a[3] - now)
    end
  end,

  -- Numbers: what was taken, when the window of the taking began, the window.
  give = function(key, a, now)
    local s = load(key)
    if not s then
      return
    end
    now = math.max(s[1], now)
    local start, before, present = weighted_present(s, a[3], now)
    if start == a[2] then
      present = math.max(present - a[1], 0)
    elseif start == a[2] + a[3] then
      before = math.max(before - a[1], 0)
    end
    save(key, { now, start, before, present }, start + 2 * a[3] - now)
  end,
}
