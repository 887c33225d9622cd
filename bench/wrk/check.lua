-- What both scripts share: the bearer token, the check of every answer, the figures at the end.
right, wrong, next_phone, first_wrong = 0, 0, 0, ""
headers = {
  ["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or ""),
  ["Content-Type"] = "application/json",
}

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function judge(status, body, wanted, opening, needle, shortest)
  if status == wanted and #body >= shortest and body:find(opening) == 1
    and body:find(needle, 1, true) then
    right = right + 1
    return
  end
  if wrong == 0 then
    first_wrong = status .. " " .. body:sub(1, 120):gsub("[^%w%p ]", " "):gsub('["\\]', "'")
  end
  wrong = wrong + 1
end

function done(summary, latency, requests)
  local thread, errors = threads[1], summary.errors
  io.write(string.format(
    'BENCH {"right": %d, "wrong": %d, "broken": %d, "seconds": %.6f, "p50_ms": %.4f, '
      .. '"next_phone": %d, "first_wrong": "%s"}\n',
    thread:get("right"), thread:get("wrong"),
    errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3,
    thread:get("next_phone"), thread:get("first_wrong")))
end
