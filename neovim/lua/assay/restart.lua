--- A server that dies is started again, said once; after too many deaths it stays down until `:Assay restart`.

local M = {}

local RESTARTS = 4
local WITHIN_S = 180

local deaths = {} ---@type number[] seconds
local is_asked = false -- somebody restarts it now

--- The server ended. It ends with 0 when it was asked to.
---@param code integer
---@param signal integer
function M.ended(code, signal)
  if is_asked or (code == 0 and signal == 0) or vim.v.exiting ~= vim.NIL or not vim.lsp.is_enabled("assay") then
    return
  end
  local now = vim.uv.now() / 1000
  deaths = vim.tbl_filter(function(at)
    return now - at < WITHIN_S
  end, deaths)
  deaths[#deaths + 1] = now
  if #deaths > RESTARTS then
    return require("assay.say")(("the server ended %d times, so it stays down. :Assay log tells more."):format(#deaths), vim.log.levels.ERROR)
  end
  require("assay.say")("its server ended and is started again.")
  vim.lsp.enable("assay", false)
  vim.lsp.enable("assay")
end

--- Start it anew because somebody asked.
function M.now()
  deaths, is_asked = {}, true
  vim.defer_fn(function()
    is_asked = false
  end, 5000)
  local clients = vim.lsp.get_clients({ name = "assay" })
  vim.lsp.enable("assay", false)
  for _, client in ipairs(clients) do
    client:stop()
  end
  vim.wait(3000, function()
    return #vim.lsp.get_clients({ name = "assay" }) == 0
  end, 20)
  for _, client in ipairs(clients) do
    if not client:is_stopped() then
      client:stop(true) -- it does not hear
    end
  end
  vim.lsp.enable("assay")
end

return M
