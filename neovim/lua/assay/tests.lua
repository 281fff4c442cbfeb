--- A function from what somebody says, tests of one, and what no test notices: asked of the server, told while it is at it, and ended by `:Assay stop`.

local M = {}

local say = require("assay.say")

---@type { client: vim.lsp.Client, id: integer }?
local running
local BEGUN = {
  ["assay.test"] = "making tests",
  ["assay.mutants"] = "looking for what no test notices",
  ["assay.write"] = "writing a function",
}
local EVERY_MS = 1000 -- between two words of progress
local last = 0

--- How far the server is, for whoever waits for this.
---@param value table of `$/progress`
function M.progress(value)
  if running and value.message and vim.uv.now() - last > EVERY_MS then
    last = vim.uv.now()
    say(value.message .. " …")
  end
end

--- Run `assay.test`, `assay.mutants` or `assay.write`: of the argument of a code action or lens, of a name (for `assay.write` also a sentence), of the function at the cursor, or of the whole file (`%`).
---@param command string
---@param what? string|table
function M.ask(command, what)
  local client = require("assay").client()
  if client == nil then
    return say("the server does not run here; see :checkhealth assay.", vim.log.levels.WARN)
  end
  if running then
    return say("that is being done already; :Assay stop ends it.", vim.log.levels.WARN)
  end
  local argument = what
  if type(what) ~= "table" then
    local at = vim.lsp.util.make_position_params(0, client.offset_encoding)
    argument = { uri = at.textDocument.uri }
    if what == nil then
      argument.position = at.position
    elseif command == "assay.write" and what:find("%s") then
      argument.text = what
    elseif what ~= "%" then
      argument.name = what
    end
  end
  say(BEGUN[command] .. " …")
  local buffer = vim.api.nvim_get_current_buf()
  local is_sent, id = client:request("workspace/executeCommand", { command = command, arguments = { argument } }, function(failure, answer)
    running = nil
    if failure then
      return say(failure.message, vim.log.levels.ERROR)
    end
    if type(answer) ~= "table" then
      return -- it was ended, and the server has said so
    end
    if answer.applied == false and type(answer.uri) == "string" then
      return
    end
    say(answer.glance .. ".")
    if #answer.text > 1 then
      require("assay.verdict").float(answer.text)
    end
  end, buffer)
  if is_sent then
    running = { client = client, id = id }
  end
end

--- End what is being done.
function M.stop()
  if running == nil then
    return say("nothing is being done that could be ended.")
  end
  running.client:cancel_request(running.id) -- to which Neovim tells no answer
  running = nil
  say("ended; nothing is written.")
end

return M
