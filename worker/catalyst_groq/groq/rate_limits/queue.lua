-- Steps of a queue that workers share: what `catalyst_groq.groq.rate_limits.queue.LimitQueue` does, on Redis's clock.
-- KEYS[1]: the queue. ARGV[1]: the constants. ARGV[2] and so on: the steps. All are JSON; times are seconds, amounts are by
-- the name of the limit kind.
-- The stored state keeps its field names: workers of two versions share it during an upgrade.
-- KEYS[2] to KEYS[5]: the tickets. Many may wait, and a step reads only the first of them: sorted sets of their holders by
-- the time since when they wait and by the time when they last asked, a hash of what they demand, and a hash of its sums.
-- `queue.waiting` has the tickets of workers of earlier versions, in JSON.

local constants, step = cjson.decode(ARGV[1]), nil
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local stored = redis.call('GET', KEYS[1])
local queue = stored and cjson.decode(stored) or {buckets = {}, waiting = {}}
queue.refusals = queue.refusals or 0

-- Workers of earlier versions do not know the limits that expire, so that they are stored apart.
local buckets = queue.buckets
for kind, bucket in pairs(queue.reported or {}) do
  if now >= bucket.expires then
    bucket.used, bucket.at, bucket.expires, bucket.period = 0, now, bucket.expires + bucket.period, 0
  end
  buckets[kind] = now < bucket.expires and bucket or nil
end

local function window(kind, bucket)
  return bucket.window or constants.windows[kind] or math.huge
end

local function expires(bucket)
  return bucket.expires or math.huge
end

local function level(kind, bucket)
  if now >= expires(bucket) then
    return 0
  end
  return math.max(0, bucket.used - math.max(0, now - bucket.at) * bucket.limit / window(kind, bucket))
end

local function add(kind, bucket, amount)
  local used = level(kind, bucket)
  bucket.at = used > 0 and math.max(now, bucket.at) or now + constants.request_latency
  bucket.used = math.max(0, used + amount)
end

local function replace(update)
  local old = buckets[update.kind] or {limit = update.limit, used = 0, at = now, expires = now, period = 0}
  local used, reset_at, period = math.max(0, update.limit - update.remaining), now + update.reset, update.reset
  local is_guess = old.period == 0
  local is_same_window = now < old.expires and (is_guess or reset_at <= old.expires + constants.same_window)
  if is_same_window then
    period = math.max(period, old.period)
    if not is_guess and not update.window then
      reset_at = math.min(reset_at, old.expires)
    end
  end
  if is_same_window or update.window then
    used = math.max(used, level(update.kind, old))
  end
  buckets[update.kind] =
    {limit = update.limit, window = update.window, used = used, at = now, expires = reset_at, period = period}
end

local function reconcile(update)
  if update.reset then
    return replace(update)
  end
  local bucket = buckets[update.kind] or {limit = update.limit, used = 0, at = now}
  bucket.used = level(update.kind, bucket)
  bucket.at = math.max(now, bucket.at)
  bucket.limit = update.limit
  if update.remaining then
    bucket.used = math.max(bucket.used, update.limit - update.remaining)
  end
  buckets[update.kind] = bucket
end

local since_key, seen_key, demand_key, sum_key = KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local function exact(number)
  return string.format('%.17g', number)
end

local function add_to_sums(demand, sign)
  for kind, amount in pairs(demand) do
    redis.call('HINCRBYFLOAT', sum_key, kind, exact(sign * amount))
  end
end

local function remove_ticket(holder)
  local demand = redis.call('HGET', demand_key, holder)
  if redis.call('ZREM', since_key, holder) == 1 and demand then
    add_to_sums(cjson.decode(demand), -1)
  end
  redis.call('ZREM', seen_key, holder)
  redis.call('HDEL', demand_key, holder)
  if redis.call('ZCARD', since_key) == 0 then
    redis.call('DEL', sum_key)
  end
end

local function add_ticket(since)
  local demand = cjson.encode(step.amounts)
  local old = redis.call('HGET', demand_key, step.holder)
  if old ~= demand then
    if old then
      add_to_sums(cjson.decode(old), -1)
    end
    add_to_sums(cjson.decode(demand), 1)
    redis.call('HSET', demand_key, step.holder, demand)
  end
  redis.call('ZADD', since_key, exact(since), step.holder)
  redis.call('ZADD', seen_key, exact(now), step.holder)
  for index = 2, 5 do
    redis.call('EXPIRE', KEYS[index], constants.tickets_ttl)
  end
end

local function drop_expired_tickets()
  for holder, ticket in pairs(queue.waiting) do
    if now - ticket.seen >= constants.ticket_ttl then
      queue.waiting[holder] = nil
    end
  end
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', seen_key, '-inf', exact(now - constants.ticket_ttl))) do
    remove_ticket(holder)
  end
end

local function add_demand(total, demand, factor)
  for kind, amount in pairs(demand) do
    total[kind] = (total[kind] or 0) + amount * factor
  end
end

-- Return what the tickets of the sorted sets demand.
local function read_sums()
  local total, sums = {}, redis.call('HGETALL', sum_key)
  for index = 1, #sums, 2 do
    total[sums[index]] = math.max(0, tonumber(sums[index + 1]))
  end
  return total
end

-- Return what all waiting tickets demand.
local function demand_of_all()
  local total = read_sums()
  for _, ticket in pairs(queue.waiting) do
    add_demand(total, ticket.demand, 1)
  end
  return total
end

-- Return what the tickets ahead of this one demand: the first ones exactly; of the others, as much as they do on average.
local function demand_ahead(since, rank)
  local total = {}
  for _, ticket in pairs(queue.waiting) do
    if ticket.since < since or (ticket.since == since and ticket.who < step.holder) then
      add_demand(total, ticket.demand, 1)
    end
  end
  if rank == 0 then
    return total
  end
  local first = redis.call('ZRANGE', since_key, 0, math.min(rank, constants.exact_tickets) - 1)
  local demand_of_first = {}
  for _, demand in ipairs(redis.call('HMGET', demand_key, unpack(first))) do
    add_demand(demand_of_first, demand and cjson.decode(demand) or {}, 1)
  end
  add_demand(total, demand_of_first, 1)
  if rank > #first then
    local others = read_sums()
    add_demand(others, demand_of_first, -1)
    add_demand(total, others, (rank - #first) / (redis.call('ZCARD', since_key) - #first))
  end
  return total
end

-- Return since when the holder has waited, and how many tickets are ahead of it in the sorted set.
local function position()
  local score = redis.call('ZSCORE', since_key, step.holder)
  if score then
    return tonumber(score), redis.call('ZRANK', since_key, step.holder)
  end
  -- The clocks of two workers agree on nothing but how long a caller has waited.
  local since = now - step.waited
  return since, redis.call('ZCOUNT', since_key, '-inf', '(' .. exact(since))
end

local function acquire()
  for kind, limit in pairs(step.limits) do
    buckets[kind] = buckets[kind] or {limit = limit, used = 0, at = now}
  end
  drop_expired_tickets()
  local since, rank = position()
  local ahead = demand_ahead(since, rank)
  local wait, exhausted = 0, nil
  for kind, bucket in pairs(buckets) do
    local needed = (ahead[kind] or 0) + math.min(step.amounts[kind], bucket.limit)
    local excess = level(kind, bucket) + needed - bucket.limit
    local seconds = math.max(0, bucket.at - now) + excess / bucket.limit * window(kind, bucket)
    seconds = math.min(seconds, expires(bucket) - now)
    if excess > 0 and seconds > wait then
      wait, exhausted = seconds, kind
    end
  end
  if queue.refusals > 0 then
    local pause = queue.paused_until - now
    if queue.probing then
      pause = math.min(pause, constants.poll_interval)
    end
    if pause > wait then
      wait, exhausted = pause, nil
    end
  end
  if wait > 0 then
    if step.enqueue then
      add_ticket(since)
    end
    return {wait = wait, exhausted = exhausted}
  end
  remove_ticket(step.holder)
  if queue.refusals > 0 then
    queue.probing, queue.paused_until = true, now + constants.probe_timeout
  end
  for kind, bucket in pairs(buckets) do
    add(kind, bucket, step.amounts[kind])
  end
  return {wait = 0, refusals = queue.refusals}
end

local function settle()
  if step.pause and step.pause.seen == queue.refusals then
    queue.refusals, queue.paused_until, queue.probing = step.pause.refusals, now + step.pause.seconds, false
  end
  for kind, amount in pairs(step.change) do
    if buckets[kind] then
      add(kind, buckets[kind], amount)
    end
  end
  for _, update in ipairs(step.updates) do
    reconcile(update)
  end
  return {wait = 0}
end

local result = {steps = {}, buckets = {}, waiting = {}}
for index = 2, #ARGV do
  step = cjson.decode(ARGV[index])
  table.insert(result.steps, step.holder and acquire() or settle())
end
local demanded = demand_of_all()
queue.buckets, queue.reported = {}, {}
for kind, bucket in pairs(buckets) do
  local left = bucket.expires and bucket.expires - now
  result.buckets[kind] = {limit = bucket.limit, window = bucket.window, used = level(kind, bucket), left = left}
  result.waiting[kind] = demanded[kind] or 0
  queue[left and 'reported' or 'buckets'][kind] = bucket
end
redis.call('SET', KEYS[1], cjson.encode(queue), 'EX', constants.key_ttl)
return cjson.encode(result)
