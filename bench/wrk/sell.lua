-- POST a sale or a swap of the next phone in a range, each phone once, or a repair, each with an Idempotency-Key of its own.
-- Arguments: what, key prefix, first phone, last phone, first customer, last customer.
dofile(os.getenv("BENCH_SCRIPTS") .. "/check.lua")

local kinds = {
  sale = {"/api/sales/", '{"customer_id": %d, "phone_id": %d, "amount_paid": 1000}', '"amount_paid"'},
  swap = {"/api/swaps/", '{"customer_id": %d, "new_phone_id": %d, "given_phone_description": "Nokia 3310", "given_phone_value": 900, "balance_paid": 3000}', '"balance_paid"'},
  repair = {"/api/repairs/", '{"customer_id": %d, "phone_description": "Model %d", "issue_description": "Cracked screen", "cost": 150}', '"issue_description"'},
}
local kind, prefix, last_phone, first_customer, last_customer = kinds.sale, "", 0, 0, 0

function init(args)
  kind, prefix, next_phone, last_phone = kinds[args[1]], args[1] .. args[2], tonumber(args[3]), tonumber(args[4])
  first_customer, last_customer = tonumber(args[5]), tonumber(args[6])
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
  return wrk.format("POST", kind[1], headers, string.format(kind[2], math.random(first_customer, last_customer), phone))
end

function response(status, _, body)
  judge(status, body, 201, '^%s*{%s*"', kind[3], 60)
end
