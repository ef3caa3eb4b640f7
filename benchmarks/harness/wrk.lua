-- Sends the requests of a file in turn, each as it stands there behind its length in 12 digits; ends with a line of JSON.

local requests, number = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local size = file:read(12)
  while size do
    requests[#requests + 1] = file:read(tonumber(size))
    size = file:read(12)
  end
  local pause = tonumber(arguments[2])
  if pause > 0 then
    -- wrk waits for whole milliseconds.
    delay = function() return math.floor(pause * 2 * math.random() + 0.5) end
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %d, "p99": %d, "p999": %d, "max": %d}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
end
