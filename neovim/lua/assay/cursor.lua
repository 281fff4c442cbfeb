--- Tells the server where the cursor rests, so that the model can read what stands there before anything is typed.

local M = {}

local REST_MS = 200

local timer = assert(vim.uv.new_timer())

local function tell(client_id, buffer)
  local client = vim.lsp.get_client_by_id(client_id)
  if client == nil or buffer ~= vim.api.nvim_get_current_buf() then
    return
  end
  local at = vim.lsp.util.make_position_params(0, client.offset_encoding)
  client:notify("assay/cursor", at)
end

--- Tell it of this buffer, now and from now on.
---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer)
  local group = vim.api.nvim_create_augroup("assay.cursor." .. buffer, {})
  local function rested()
    timer:start(REST_MS, 0, function()
      vim.schedule(function()
        tell(client.id, buffer)
      end)
    end)
  end
  vim.api.nvim_create_autocmd({ "BufEnter", "CursorMoved" }, { group = group, buffer = buffer, callback = rested })
  rested()
end

return M
