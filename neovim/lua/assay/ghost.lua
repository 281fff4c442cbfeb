--- Ghost text drawn by ourselves, for Neovim 0.11 (and for 0.12 with `native = false`): asked for on every key, drawn as extmarks.
---
--- What is shown stays while it is typed through, and goes at the first key that differs. A newer request cancels the older one.

local M = {}

local verdict = require("assay.verdict")

local METHOD = "textDocument/inlineCompletion"
local AUTOMATIC, INVOKED = 2, 1
--- Keys that come within this time are one request. The server paces itself by the typing rhythm; this only joins what a paste or a macro sends.
local JOIN_MS = 5

local space = vim.api.nvim_create_namespace("assay.ghost")

---@class assay.Shown
---@field buffer integer
---@field row integer 0-based
---@field start integer byte column where the replaced text begins
---@field right integer bytes right of the cursor that are replaced
---@field text string the whole text, what was typed of it included
---@field items table[] all items of the answer
---@field index integer
---@field fate table suggestionId, traceId, verdict

---@type assay.Shown?
local shown
---@type { client: vim.lsp.Client, id: integer }?
local asked
local timer = assert(vim.uv.new_timer())
local attached = {} ---@type table<integer, integer> client id by buffer

---@return integer row 0-based
---@return integer column in bytes
local function cursor()
  local at = vim.api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

local function line_at(buffer, row)
  return vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ""
end

--- What is still to be typed of the suggestion; nil where what stands there does not agree with it any more.
---@return string?
local function rest()
  if shown == nil or shown.buffer ~= vim.api.nvim_get_current_buf() then
    return nil
  end
  local row, column = cursor()
  if row ~= shown.row or column < shown.start then
    return nil
  end
  local typed = line_at(shown.buffer, row):sub(shown.start + 1, column)
  local left = vim.startswith(shown.text, typed) and shown.text:sub(#typed + 1) or ""
  return left ~= "" and left or nil
end

local function paint()
  if shown == nil then
    return
  end
  vim.api.nvim_buf_clear_namespace(shown.buffer, space, 0, -1)
  local left = rest()
  if left == nil or require("assay.menu").is_chosen() then
    return
  end
  local row, column = cursor()
  local right = line_at(shown.buffer, row):sub(column + 1, column + shown.right)
  local lines = vim.split(left, "\n")
  if #lines == 1 and right ~= "" and vim.endswith(left, right) then
    lines[1] = left:sub(1, #left - #right) -- what stands there already is not painted twice
  end
  local below = vim.tbl_map(function(line)
    return { { line, "AssayGhost" } }
  end, vim.list_slice(lines, 2))
  vim.api.nvim_buf_set_extmark(shown.buffer, space, row, column, {
    virt_text = { { lines[1], "AssayGhost" } },
    virt_text_pos = "inline",
    virt_lines = #below > 0 and below or nil,
  })
  if require("assay").options.show_verdict then
    vim.api.nvim_buf_set_extmark(shown.buffer, space, row, column, {
      virt_text = { { "  " .. verdict.glance(shown.fate.verdict), verdict.group(shown.fate.verdict) } },
      virt_text_pos = "eol",
    })
  end
end

--- Take the ghost text away; the server is told nothing.
function M.clear()
  if shown ~= nil then
    if vim.api.nvim_buf_is_valid(shown.buffer) then
      vim.api.nvim_buf_clear_namespace(shown.buffer, space, 0, -1)
    end
    shown = nil
    vim.cmd.redrawstatus()
  end
end

local function show(buffer, client, items, index)
  local item = items[index]
  local fate = verdict.of(item)
  if fate == nil or fate.verdict.state == "failed" then
    return M.clear()
  end
  local text = type(item.insertText) == "table" and item.insertText.value or item.insertText
  local row, column = cursor()
  local start, right = column, 0
  if item.range then
    local line = line_at(buffer, row)
    start = vim.str_byteindex(line, client.offset_encoding, item.range.start.character, false)
    right = math.max(0, vim.str_byteindex(line, client.offset_encoding, item.range["end"].character, false) - column)
  end
  shown = { buffer = buffer, row = row, start = start, right = right, text = text, items = items, index = index, fate = fate }
  paint()
  vim.cmd.redrawstatus()
end

local function cancel()
  timer:stop()
  if asked ~= nil then
    asked.client:cancel_request(asked.id)
    asked = nil
  end
end

---@param trigger integer
local function request(trigger)
  cancel()
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_client_by_id(attached[buffer] or -1)
  if client == nil or not vim.startswith(vim.api.nvim_get_mode().mode, "i") then
    return
  end
  local tick, row, column = vim.api.nvim_buf_get_changedtick(buffer), cursor()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = trigger } ---@diagnostic disable-line: inject-field
  local sent, id
  sent, id = client:request(METHOD, params, function(failure, answer)
    if asked == nil or asked.id ~= id or asked.client ~= client then
      return -- an older one, that was cancelled: the newer one is still to be answered
    end
    asked = nil
    local now_row, now_column = cursor()
    local is_here = vim.api.nvim_get_current_buf() == buffer and now_row == row and now_column == column
    if failure or not is_here or vim.api.nvim_buf_get_changedtick(buffer) ~= tick then
      return
    end
    local items = type(answer) == "table" and (answer.items or answer) or {}
    if #items == 0 or not vim.startswith(vim.api.nvim_get_mode().mode, "i") then
      return M.clear()
    end
    show(buffer, client, items, 1)
  end, buffer)
  asked = sent and { client = client, id = id } or nil
end

--- A key was typed, or the cursor moved.
local function moved()
  if shown ~= nil and rest() == nil then
    M.clear()
  else
    paint()
  end
  cancel()
  if not require("assay.snooze").is_on() then
    timer:start(JOIN_MS, 0, vim.schedule_wrap(function()
      request(AUTOMATIC)
    end))
  end
end

---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer)
  attached[buffer] = client.id
  local group = vim.api.nvim_create_augroup("assay.ghost." .. buffer, {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  on({ "TextChangedI", "TextChangedP", "CursorMovedI", "InsertEnter" }, moved)
  on({ "InsertLeave", "BufLeave" }, function()
    cancel()
    M.clear()
  end)
  on("CompleteChanged", function()
    vim.schedule(paint)
  end)
  on("LspDetach", function(event)
    if event.data.client_id == attached[buffer] then
      attached[buffer] = nil
      cancel()
      M.clear()
      vim.api.nvim_del_augroup_by_id(group)
    end
  end)
end

--- Ask now, also where nothing is offered while typing.
function M.complete()
  request(INVOKED)
end

---@return boolean whether there is something to take
function M.is_shown()
  return rest() ~= nil and not require("assay.menu").is_chosen()
end

---@return table? suggestionId, traceId, verdict of what is shown
function M.current()
  return shown and shown.fate or nil
end

--- Do `work` where something is shown that a menu does not cover; false elsewhere.
---@param work fun()
---@return boolean
local function with_shown(work)
  if rest() == nil or require("assay.menu").is_chosen() then
    return false
  end
  work()
  return true
end

--- Write `text` from `from` to `to` of the cursor's line, and put the cursor behind it.
local function write(row, from, to, text)
  vim.bo.undolevels = vim.bo.undolevels -- one step of undo takes it out, and nothing else
  local lines = vim.split(text, "\n")
  vim.api.nvim_buf_set_text(0, row, from, row, to, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines, (#lines == 1 and from or 0) + #lines[#lines] })
end

local function taken(one)
  local client = vim.lsp.get_client_by_id(attached[one.buffer] or -1)
  local item = one.items[one.index]
  require("assay.taken").note(one.buffer, one.row, one.start, one.text, one.fate)
  if client and item.command then
    client:exec_cmd(item.command, { bufnr = one.buffer })
  end
end

---@return boolean
function M.accept()
  return with_shown(function()
    local one = assert(shown)
    local row, column = cursor()
    M.clear()
    write(row, one.start, column + one.right, one.text)
    taken(one)
  end)
end

--- Take a part of it; the last part takes all of it.
---@param part fun(left: string): string
local function accept_part(part)
  return with_shown(function()
    local one, left = assert(shown), assert(rest())
    local piece = part(left)
    if #piece >= #left then
      return M.accept()
    end
    local row, column = cursor()
    write(row, column, column, piece)
    local lines = vim.split(piece, "\n")
    if #lines > 1 then
      one.row, one.start, one.text = row + #lines - 1, 0, lines[#lines] .. left:sub(#piece + 1)
    end
    paint()
  end)
end

---@return boolean
function M.accept_word()
  return accept_part(require("assay.pieces").word)
end

---@return boolean
function M.accept_line()
  return accept_part(require("assay.pieces").line)
end

--- Take it away, and have it not offered here again.
---@return boolean
function M.dismiss()
  return with_shown(function()
    local one = assert(shown)
    M.clear()
    local client = vim.lsp.get_client_by_id(attached[one.buffer] or -1)
    if client then
      client:request("workspace/executeCommand", { command = "assay.rejected", arguments = { one.fate } }, function() end)
    end
  end)
end

---@param step integer
local function cycle(step)
  return with_shown(function()
    local one = assert(shown)
    local client = vim.lsp.get_client_by_id(attached[one.buffer] or -1)
    if client and #one.items > 1 then
      show(one.buffer, client, one.items, (one.index - 1 + step) % #one.items + 1)
    end
  end)
end

---@return boolean
function M.next()
  return cycle(1)
end

---@return boolean
function M.previous()
  return cycle(-1)
end

--- A verdict came after the answer: what fails goes, the rest is told anew.
function M.judged(suggestion_id, now)
  if shown == nil or shown.fate.suggestionId ~= suggestion_id then
    return
  end
  shown.fate.verdict = now
  if now.state == "failed" then
    M.clear()
  else
    paint()
    vim.cmd.redrawstatus()
  end
end

return M
