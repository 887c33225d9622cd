-- POST a sale of the next phone in a range, each once and with an Idempotency-Key of its own.
-- Arguments: key prefix, first phone, last phone, first customer, last customer.
dofile(os.getenv("BENCH_SCRIPTS") .. "/check.lua")

local prefix, last_phone, first_customer, last_customer = "", 0, 0, 0

function init(args)
  prefix, next_phone, last_phone = args[1], tonumber(args[2]), tonumber(args[3])
  first_customer, last_customer = tonumber(args[4]), tonumber(args[5])
  math.randomseed(os.time())
end

function request()
  local phone = next_phone
  next_phone = phone + 1
  if phone > last_phone then
    wrong, first_wrong = wrong + 1, "the stock ran out"
    wrk.thread:stop()
  end
  headers["Idempotency-Key"] = prefix .. phone
  return wrk.format("POST", "/api/sales/", headers, string.format(
    '{"customer_id": %d, "phone_id": %d, "amount_paid": 1000}',
    math.random(first_customer, last_customer), phone))
end

function response(status, _, body)
  judge(status, body, 201, '^%s*{%s*"', '"invoice_number"', 60)
end
