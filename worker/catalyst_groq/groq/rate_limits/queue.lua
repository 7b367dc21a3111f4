-- One step of a queue that workers share: what `catalyst_groq.groq.rate_limits.queue.LimitQueue` does, on Redis's clock.
-- KEYS[1]: the queue. ARGV[1]: the step. Both are JSON; times are seconds, amounts are by the name of the limit kind.
-- The stored state keeps its field names: workers of two versions share it during an upgrade.

local step = cjson.decode(ARGV[1])
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
  return bucket.window or step.windows[kind] or math.huge
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
  bucket.at = used > 0 and math.max(now, bucket.at) or now + step.request_latency
  bucket.used = math.max(0, used + amount)
end

local function replace(update)
  local old = buckets[update.kind] or {limit = update.limit, used = 0, at = now, expires = now, period = 0}
  local used, reset_at, period = math.max(0, update.limit - update.remaining), now + update.reset, update.reset
  local is_guess = old.period == 0
  local is_same_window = now < old.expires and (is_guess or reset_at <= old.expires + step.same_window)
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

local function is_ahead(ticket)
  return ticket.since < step.since or (ticket.since == step.since and ticket.who < step.holder)
end

local function drop_expired_tickets()
  for holder, ticket in pairs(queue.waiting) do
    if now - ticket.seen >= step.ticket_ttl then
      queue.waiting[holder] = nil
    end
  end
end

local function sum(kind, counts)
  local total = 0
  for _, ticket in pairs(queue.waiting) do
    if counts(ticket) then
      total = total + (ticket.demand[kind] or 0)
    end
  end
  return total
end

local function acquire()
  for kind, limit in pairs(step.limits) do
    buckets[kind] = buckets[kind] or {limit = limit, used = 0, at = now}
  end
  drop_expired_tickets()
  -- The clocks of two workers agree on nothing but how long a caller has waited.
  local ticket = queue.waiting[step.holder]
  step.since = ticket and ticket.since or now - step.waited
  local wait, exhausted = 0, nil
  for kind, bucket in pairs(buckets) do
    local needed = sum(kind, is_ahead) + math.min(step.amounts[kind], bucket.limit)
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
      pause = math.min(pause, step.poll_interval)
    end
    if pause > wait then
      wait, exhausted = pause, nil
    end
  end
  if wait > 0 then
    if step.enqueue then
      queue.waiting[step.holder] = {who = step.holder, since = step.since, seen = now, demand = step.amounts}
    end
    return {wait = wait, exhausted = exhausted}
  end
  queue.waiting[step.holder] = nil
  if queue.refusals > 0 then
    queue.probing, queue.paused_until = true, now + step.probe_timeout
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

local result = step.holder and acquire() or settle()
result.buckets, result.waiting = {}, {}
queue.buckets, queue.reported = {}, {}
for kind, bucket in pairs(buckets) do
  local left = bucket.expires and bucket.expires - now
  result.buckets[kind] = {limit = bucket.limit, window = bucket.window, used = level(kind, bucket), left = left}
  result.waiting[kind] = sum(kind, function() return true end)
  queue[left and 'reported' or 'buckets'][kind] = bucket
end
redis.call('SET', KEYS[1], cjson.encode(queue), 'EX', step.key_ttl)
return cjson.encode(result)
