--- Neovim 0.12's own ghost text, with what it lacks: the verdict beside it, a part of it, and an end when the server has nothing more to say.

local M = {}

local verdict = require("assay.verdict")

local METHOD = "textDocument/inlineCompletion"
local INVOKED = 1
local space = vim.api.nvim_create_namespace("assay.native")

---@type table? suggestionId, traceId, verdict of the newest answer
local fate
---@type integer[]? where the cursor was when it came
local at
local is_invoked = false -- the next request was asked for by somebody
local attached = {} ---@type table<integer, integer> client id by buffer

---@return boolean
function M.exists()
  return vim.lsp.inline_completion ~= nil
end

local function paint(buffer)
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  if fate == nil or not require("assay").options.show_verdict or buffer ~= vim.api.nvim_get_current_buf() then
    return
  end
  local text = { { "  " .. verdict.glance(fate.verdict), verdict.group(fate.verdict) } }
  vim.api.nvim_buf_set_extmark(buffer, space, vim.api.nvim_win_get_cursor(0)[1] - 1, 0, { virt_text = text, virt_text_pos = "eol" })
end

--- Whether the cursor went away from where the newest answer was given, so that what is remembered of it is no longer shown.
local function is_behind()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return at == nil or row ~= at[1] or column < at[2]
end

local function forget(buffer)
  if fate ~= nil then
    fate = nil
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
    end
    vim.cmd.redrawstatus()
  end
end

--- See each answer on its way to the editor: it does not take a null for "nothing any more", and would draw a text that failed meanwhile.
---@param client vim.lsp.Client
local function listen(client)
  local request = client.request
  if rawget(client, "assay_listens") then
    return
  end
  rawset(client, "assay_listens", true)
  client.request = function(self, method, params, handler, buffer)
    if method ~= METHOD or handler == nil then
      return request(self, method, params, handler, buffer)
    end
    if is_invoked then
      params.context.triggerKind, is_invoked = INVOKED, false
    elseif require("assay.snooze").is_on() then
      return false
    end
    return request(self, method, params, function(failure, answer, ...)
      local items = vim.tbl_filter(function(item)
        local told = verdict.of(item)
        return told == nil or told.verdict.state ~= "failed"
      end, type(answer) == "table" and (answer.items or answer) or {})
      fate = items[1] and verdict.of(items[1]) or nil
      at = vim.api.nvim_win_get_cursor(0)
      handler(failure, { items = items }, ...)
      paint(buffer or vim.api.nvim_get_current_buf())
      vim.cmd.redrawstatus()
    end, buffer)
  end
end

---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer)
  attached[buffer] = client.id
  listen(client)
  vim.lsp.inline_completion.enable(true, { bufnr = buffer })
  local group = vim.api.nvim_create_augroup("assay.native." .. buffer, {})
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, {
    group = group,
    buffer = buffer,
    callback = function()
      forget(buffer)
    end,
  })
end

--- End what is shown. There is no word for it but switching it off and on again.
function M.clear()
  local buffer = vim.api.nvim_get_current_buf()
  local id = attached[buffer]
  forget(buffer)
  if id and vim.lsp.get_client_by_id(id) then
    vim.lsp.inline_completion.enable(false, { bufnr = buffer })
    vim.lsp.inline_completion.enable(true, { bufnr = buffer })
  end
end

--- Ask now. The editor has no word for it but moving the cursor, or switching it off and on again; the next request is told as asked for.
function M.complete()
  local buffer = vim.api.nvim_get_current_buf()
  if attached[buffer] then
    is_invoked = true
    M.clear()
    vim.api.nvim_exec_autocmds("CursorMovedI", { buffer = buffer, modeline = false })
  end
end

---@return boolean whether there is something to take
function M.is_shown()
  return fate ~= nil and not is_behind() and not require("assay.menu").is_chosen()
end

function M.current()
  return fate
end

---@param part? fun(left: string): string what to take of what is left; all of it without
---@return boolean
local function get(part)
  if not M.is_shown() then
    return false
  end
  local buffer = vim.api.nvim_get_current_buf()
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local told, text = fate, item.insert_text
      forget(buffer)
      if type(text) ~= "string" or item.range == nil then
        return item
      end
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      local from_row, from_column = item.range:to_extmark()
      local typed = vim.api.nvim_buf_get_text(buffer, from_row, from_column, row - 1, column, {})[1] or ""
      local left = text:sub(#typed + 1)
      local piece = part and part(left) or left
      if #piece >= #left then
        if told then
          require("assay.taken").note_soon(buffer, from_row, from_column, text, told)
        end
        return item
      end
      vim.api.nvim_paste(piece, false, -1)
      return nil
    end,
  })
end

---@return boolean
function M.accept()
  return get()
end

---@return boolean
function M.accept_word()
  return get(require("assay.pieces").word)
end

---@return boolean
function M.accept_line()
  return get(require("assay.pieces").line)
end

---@return boolean
function M.dismiss()
  local told, client = fate, vim.lsp.get_client_by_id(attached[vim.api.nvim_get_current_buf()] or -1)
  if not M.is_shown() or client == nil then
    return false
  end
  client:request("workspace/executeCommand", { command = "assay.rejected", arguments = { told } }, function()
    vim.schedule(M.clear)
  end)
  return true
end

---@return boolean
function M.next()
  vim.lsp.inline_completion.select({ count = 1 })
  return fate ~= nil
end

---@return boolean
function M.previous()
  vim.lsp.inline_completion.select({ count = -1 })
  return fate ~= nil
end

function M.judged(suggestion_id, now)
  if fate == nil or fate.suggestionId ~= suggestion_id then
    return
  end
  fate.verdict = now
  if now.state == "failed" then
    M.clear()
  else
    paint(vim.api.nvim_get_current_buf())
  end
end

return M
