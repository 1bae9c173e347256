-- Every script ends with this. The answer is what time it is, and for each key whether it may, what time it is for the key, and what
-- was known of it before.

local raw = clock()

if ARGV[1] == 'give' then
  for n, key in ipairs(KEYS) do
    methods[ARGV[3 * n]].give(key, words(ARGV[3 * n + 2]), raw)
  end
  return { raw }
end

local answer, doing, beginning, all = { raw }, {}, {}, true
for n, key in ipairs(KEYS) do
  local may, now, known, take, begin = methods[ARGV[3 * n]].take(key, words(ARGV[3 * n + 2]), raw)
  answer[n + 1] = { may and 1 or 0, now, unpack(known) }
  doing[n], beginning[n] = may and take, begin
  -- Of a limit that only looks on, it does not matter.
  if not may and ARGV[3 * n + 1] ~= '1' then
    all = false
  end
end
if ARGV[1] == 'take' then
  for n in ipairs(KEYS) do
    local done = all and doing[n] or beginning[n]
    if done then
      done()
    end
  end
end
return answer
