-- Every script begins with this. KEYS are the counts that are asked for. ARGV[1] is what is to be done: `take` (of all, or of none),
-- `look` (takes nothing) or `give` (gives back what was taken). ARGV[2] is what time it is, in microseconds; empty, as it always is
-- but in tests, for the time of this server. Then come three for each key: the name of a method, 1 if the
-- limit only looks on, and the numbers of the method.
--
-- Numbers are whole and below 2^53, where a double has all of them; each method says why its own are.

local function words(text)
  local all = {}
  for word in string.gmatch(text, '%S+') do
    all[#all + 1] = tonumber(word)
  end
  return all
end

-- A number as text, with all its digits.
local function text(number)
  return string.format('%.0f', number)
end

local function clock()
  if ARGV[2] ~= '' then
    return tonumber(ARGV[2])
  end
  -- Microseconds since 1970 are below 2^53 until the year 2255.
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- What is known of a key: a time first, which is the latest it was used at, and then what the method says.
local function load(key)
  local found = redis.call('GET', key)
  return found and words(found)
end

-- Keeps it, until it is of no use any more: `time` microseconds after `now`.
local function save(key, state, time)
  for n, number in ipairs(state) do
    state[n] = text(number)
  end
  redis.call('SET', key, table.concat(state, ' '), 'PX', text(math.floor(time / 1000) + 1))
end

-- By name: `take(key, a, now)` gives whether it may, what time it is in effect, what is known, and how it is done; then how a new key is
-- kept that nothing is taken of, where that matters. `give(key, a, now)` gives back.
local methods = {}
