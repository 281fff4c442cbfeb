--- What the server says of suggestions, in signs and words, and the window that tells why.

local M = {}

local SIGNS = { passed = "✓", failed = "✗", unverified = "?", skipped = "–" }
local GROUPS = { passed = "AssayPassed", failed = "AssayFailed", unverified = "AssayUnverified" }

--- Verdicts that came after their suggestion, by its id; bounded, oldest out first.
local later, order = {}, {}
local KEPT = 100

---@param verdict table as docs/protocol.md has it
---@return string "✓ 4 tests", "? unverified: no-tests", "✗ tests"
function M.glance(verdict)
  local state = verdict.state
  if state == "unverified" then
    return ("%s unverified: %s"):format(SIGNS.unverified, verdict.reason or "no reason given")
  end
  local names = {}
  for _, check in ipairs(verdict.checks or {}) do
    if check.state == state then
      if check.name == "tests" and state == "passed" then
        return ("%s %s"):format(SIGNS.passed, vim.split(check.detail or "tests", ",")[1])
      end
      names[#names + 1] = check.name
    end
  end
  return ("%s %s"):format(SIGNS[state] or "?", state == "failed" and #names > 0 and table.concat(names, ", ") or state)
end

---@param verdict table
---@return string highlight group
function M.group(verdict)
  return GROUPS[verdict.state] or "AssayUnverified"
end

--- The argument of an item's command: suggestionId, traceId, verdict (the latest that is known). Nil where a server sends something else.
---@param item table an inline completion item
---@return table?
function M.of(item)
  local told = vim.tbl_get(item, "command", "arguments", 1)
  if type(told) ~= "table" or type(told.suggestionId) ~= "string" or type(told.verdict) ~= "table" then
    return nil
  end
  return { suggestionId = told.suggestionId, traceId = told.traceId, verdict = later[told.suggestionId] or told.verdict }
end

--- The notification `assay/verdict`: the ghost text follows; a text that was taken already and fails is a message.
---@param told table
function M.judged(told)
  if type(told) ~= "table" or type(told.suggestionId) ~= "string" or type(told.verdict) ~= "table" then
    return
  end
  if later[told.suggestionId] == nil then
    order[#order + 1] = told.suggestionId
    if #order > KEPT then
      later[table.remove(order, 1)] = nil
    end
  end
  later[told.suggestionId] = told.verdict
  require("assay").ghost().judged(told.suggestionId, told.verdict)
  require("assay.taken").judged(told.suggestionId, told.verdict)
end

--- Each check on a line of its own.
---@param verdict table
---@return string[]
function M.lines(verdict)
  local lines = { M.glance(verdict), verdict.why or "" }
  for _, check in ipairs(verdict.checks or {}) do
    lines[#lines + 1] = ("%s %-6s %s"):format(SIGNS[check.state] or " ", check.name or "", check.detail or "")
  end
  return lines
end

--- Show why in a floating window: the suggestion at the cursor, or the last request, or the trace with this id.
---@param trace_id? string
function M.why(trace_id)
  local client = require("assay").client()
  if client == nil then
    return require("assay.say")("the server does not run here; see :checkhealth assay.", vim.log.levels.WARN)
  end
  local shown = require("assay").ghost().current()
  trace_id = trace_id or (shown and shown.traceId) or nil
  client:request("workspace/executeCommand", { command = "assay.why", arguments = trace_id and { trace_id } or {} }, function(_, trace)
    local lines = type(trace) == "table" and trace.text or { "Nothing was asked yet: type in a Python file, or run :Assay complete." }
    M.float(lines)
  end)
end

--- A window over the text that q, Esc or a moved cursor closes.
---@param lines string[]
function M.float(lines)
  local flat = vim.split(table.concat(lines, "\n"), "\n")
  local buffer, window = vim.lsp.util.open_floating_preview(flat, "", { border = "rounded", title = " Assay ", focus_id = "assay.why", max_width = 110, wrap = true })
  for _, key in ipairs({ "q", "<Esc>" }) do
    vim.keymap.set("n", key, function()
      pcall(vim.api.nvim_win_close, window, true)
    end, { buffer = buffer, nowait = true })
  end
end

return M
