-- One step of a line that several workers share: what `worker.groq.lines.Line` does, on Redis's clock.
-- KEYS[1]: the line. ARGV[1]: the step. Both are JSON; times are seconds, amounts are by the dimension's name.

local step = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('GET', KEYS[1])
local line = kept and cjson.decode(kept) or {buckets = {}, waiting = {}}

local function used(name, bucket)
  return math.max(0, bucket.used - math.max(0, now - bucket.at) * bucket.limit / step.windows[name])
end

local function use(name, bucket, amount)
  local before = used(name, bucket)
  bucket.at = before > 0 and math.max(now, bucket.at) or now + step.under_way
  bucket.used = math.max(0, before + amount)
end

local function tell(told)
  local bucket = line.buckets[told.dimension] or {limit = told.limit, used = 0, at = now}
  bucket.used = used(told.dimension, bucket)
  bucket.at = math.max(now, bucket.at)
  bucket.limit = told.limit
  if told.remaining then
    bucket.used = math.max(bucket.used, told.limit - told.remaining)
  end
  line.buckets[told.dimension] = bucket
end

local function comes_before(place)
  return place.since < step.since or (place.since == step.since and place.who < step.who)
end

local function forget()
  for who, place in pairs(line.waiting) do
    if now - place.seen >= step.kept then
      line.waiting[who] = nil
    end
  end
end

local function sum(name, counts)
  local total = 0
  for _, place in pairs(line.waiting) do
    if counts(place) then
      total = total + (place.demand[name] or 0)
    end
  end
  return total
end

local function enter()
  for name, limit in pairs(step.limits) do
    line.buckets[name] = line.buckets[name] or {limit = limit, used = 0, at = now}
  end
  forget()
  -- No two workers' clocks agree but on how long somebody has waited.
  local place = line.waiting[step.who]
  step.since = place and place.since or now - step.waited
  local wait, short_of = 0, nil
  for name, bucket in pairs(line.buckets) do
    local wanted = sum(name, comes_before) + math.min(step.demand[name], bucket.limit)
    local excess = used(name, bucket) + wanted - bucket.limit
    local seconds = math.max(0, bucket.at - now) + excess / bucket.limit * step.windows[name]
    if excess > 0 and seconds > wait then
      wait, short_of = seconds, name
    end
  end
  if short_of then
    if step.stays then
      line.waiting[step.who] = {who = step.who, since = step.since, seen = now, demand = step.demand}
    end
    return {wait = wait, short_of = short_of}
  end
  line.waiting[step.who] = nil
  for name, bucket in pairs(line.buckets) do
    use(name, bucket, step.demand[name])
  end
  return {wait = 0}
end

local function settle()
  for name, amount in pairs(step.change) do
    if line.buckets[name] then
      use(name, line.buckets[name], amount)
    end
  end
  for _, told in ipairs(step.told) do
    tell(told)
  end
  return {wait = 0}
end

local turn = step.who and enter() or settle()
redis.call('SET', KEYS[1], cjson.encode(line), 'EX', step.lifetime)
turn.buckets, turn.waiting = {}, {}
for name, bucket in pairs(line.buckets) do
  turn.buckets[name] = {limit = bucket.limit, used = used(name, bucket)}
  turn.waiting[name] = sum(name, function() return true end)
end
return cjson.encode(turn)
