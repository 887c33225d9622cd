-- GET one of a list of paths: PATH | PATH FIRST LAST, with "%d" in PATH for the number.
-- Arguments: opening pattern, text the body must hold, its least length, path, first, last.
dofile(os.getenv("BENCH_SCRIPTS") .. "/check.lua")

local requests, opening, needle, shortest = {}, "", "", 0

function init(args)
  opening, needle, shortest = args[1], args[2], tonumber(args[3])
  local first, last = tonumber(args[5] or 1), tonumber(args[6] or 1)
  math.randomseed(os.time())
  for number = first, last do
    local path = args[4]:gsub("%%d", tostring(number))
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  return requests[math.random(#requests)]
end

function response(status, _, body)
  judge(status, body, 200, opening, needle, shortest)
end
