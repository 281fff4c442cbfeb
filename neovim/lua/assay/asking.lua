--- Questions about the code, asked of the server: the answer in a window, its places in the quickfix list, and what it proposes written by `:Assay apply`.

local M = {}

local say = require("assay.say")

---@type { client: vim.lsp.Client, id: integer, mine: table }?
local running
---@type string?
local proposed

--- The places of an answer as items of the quickfix list.
---@param answer table
---@return table[]
function M.items(answer)
  local root, items = vim.uri_to_fname(answer.root), {}
  for _, line in ipairs(answer.lines) do
    for _, place in ipairs(line.places) do
      items[#items + 1] = { filename = root .. "/" .. place.file, lnum = place.line, text = line.text }
    end
  end
  return items
end

---@param answer table
local function show(answer)
  proposed = type(answer.changeId) == "string" and answer.changeId or nil
  local lines, items = {}, M.items(answer)
  if proposed then
    lines[1] = (":Assay apply writes it: %s (%s)"):format(answer.change.title, answer.change.told[1] or "it was not judged")
  end
  vim.list_extend(lines, answer.text)
  vim.fn.setqflist({}, " ", { title = "Assay", items = items })
  if #items > 0 then
    lines[#lines + 1] = ("%d places are in the quickfix list (:copen, :cnext)"):format(#items)
  end
  require("assay.verdict").float(lines)
end

--- Ask; `given` has the lines that are selected, where some are.
---@param text? string
---@param given { range: integer, line1: integer, line2: integer }
function M.ask(text, given)
  local client = require("assay").client()
  if client == nil then
    return say("the server does not run here; see :checkhealth assay.", vim.log.levels.WARN)
  end
  if text == nil then
    return vim.ui.input({ prompt = "Ask about this code: " }, function(said)
      if said and vim.trim(said) ~= "" then
        M.ask(said, given)
      end
    end)
  end
  if running then
    return say("something is being asked already; :Assay stop ends it.", vim.log.levels.WARN)
  end
  local at = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local range = { start = at.position, ["end"] = at.position }
  if given.range > 0 then
    range = { start = { line = given.line1 - 1, character = 0 }, ["end"] = { line = given.line2, character = 0 } }
  end
  local argument = { text = text, uri = at.textDocument.uri, range = range }
  say("asking …")
  local mine = {}
  local is_sent, id = client:request("workspace/executeCommand", { command = "assay.ask", arguments = { argument } }, function(failure, answer)
    if running == nil or running.mine ~= mine then
      return -- it was ended, and another may be asked by now
    end
    running = nil
    if failure then
      return say(failure.message, vim.log.levels.ERROR)
    end
    if type(answer) == "table" then
      show(answer)
    end
  end, vim.api.nvim_get_current_buf())
  if is_sent then
    running = { client = client, id = id, mine = mine }
  end
end

--- Write what the last answer proposed, as an edit of the buffers.
function M.apply()
  local client = require("assay").client()
  if client == nil or proposed == nil then
    return say("no answer proposed a change.", vim.log.levels.WARN)
  end
  client:request("workspace/executeCommand", { command = "assay.applyChange", arguments = { { id = proposed } } }, function(failure, answer)
    if failure then
      return say(failure.message, vim.log.levels.ERROR)
    end
    if answer.applied then
      proposed = nil
      say(("%s (%d files); :Assay revert takes it back."):format(answer.title, #answer.files))
    end
  end, vim.api.nvim_get_current_buf())
end

--- End what is being asked; whether something was.
---@return boolean
function M.stop()
  if running == nil then
    return false
  end
  running.client:cancel_request(running.id)
  running = nil
  return true
end

return M
