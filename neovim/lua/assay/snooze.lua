--- A pause that ends by itself: while it lasts nothing is suggested but what is asked for.

local M = {}

local until_s = 0

---@return boolean
function M.is_on()
  return os.time() < until_s
end

---@param minutes number
function M.start(minutes)
  until_s = os.time() + math.floor(minutes * 60)
  require("assay").ghost().clear()
  vim.cmd.redrawstatus()
end

function M.stop()
  until_s = 0
  vim.cmd.redrawstatus()
end

--- The time of day at which it ends.
---@return string
function M.ends()
  return os.date("%H:%M", until_s) --[[@as string]]
end

return M
