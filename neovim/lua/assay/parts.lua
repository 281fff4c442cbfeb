--- How the model and the sandbox are, as the server tells it; said once when one goes away, and always for the status line.

local M = {}

local state = { engine = { state = "starting", why = "" }, sandbox = { state = "starting", why = "" } }
local is_offline = false

local LOOK_MS = 1000 -- a model is loaded in half a second to a minute
local LONGEST_MS = 60000 -- beyond this pause it is not starting: an engine that ended for idleness says the same
local pause_ms = LOOK_MS
local timer = assert(vim.uv.new_timer())

local function is_away(name)
  return name == "absent" or name == "broken"
end

--- The notification `assay/status`.
---@param told table { part, state, why }
function M.told(told)
  if type(told) ~= "table" or state[told.part] == nil then
    return
  end
  local before = state[told.part].state
  state[told.part] = { state = told.state, why = told.why or "" }
  if is_away(told.state) and not is_away(before) then
    require("assay.say")((":Assay setup mends it. %s"):format(told.why or ""), vim.log.levels.WARN)
  end
  vim.cmd.redrawstatus()
end

--- The whole answer of `assay.status`.
---@param answer table
function M.learned(answer)
  if type(answer) ~= "table" or type(answer.engine) ~= "table" or type(answer.sandbox) ~= "table" then
    return
  end
  for part in pairs(state) do
    M.told({ part = part, state = answer[part].state, why = answer[part].why })
    state[part] = answer[part]
  end
  is_offline = answer.offline == true
  vim.cmd.redrawstatus()
end

--- Ask how the parts are, and again while one of them is starting.
---@param client vim.lsp.Client
function M.look(client)
  timer:stop()
  client:request("workspace/executeCommand", { command = "assay.status" }, function(_, answer)
    M.learned(answer)
    local is_starting = state.engine.state == "starting" or state.sandbox.state == "starting"
    if is_starting and pause_ms < LONGEST_MS then
      timer:start(pause_ms, 0, vim.schedule_wrap(function()
        if not client:is_stopped() then
          M.look(client)
        end
      end))
      pause_ms = pause_ms * 2
    end
  end)
end

--- A client was attached: look at its parts, with short pauses at first.
---@param client vim.lsp.Client
function M.attached(client)
  pause_ms = LOOK_MS
  M.look(client)
end

---@return table engine, table sandbox
function M.known()
  return state.engine, state.sandbox
end

---@return string
function M.glance()
  local client = require("assay").client()
  if client == nil then
    return ""
  end
  local snooze = require("assay.snooze")
  if snooze.is_on() then
    return "Assay: snoozed until " .. snooze.ends()
  end
  local shown = require("assay").ghost().current()
  if shown then
    return "Assay " .. require("assay.verdict").glance(shown.verdict)
  end
  if is_away(state.engine.state) then
    return "Assay: no model"
  end
  if is_away(state.sandbox.state) or state.sandbox.state == "off" then
    return "Assay: sandbox off"
  end
  local doing = state.sandbox.state == "starting" and (state.sandbox.why or ""):match("^Preparing ([^:]+)")
  if doing then
    return "Assay: preparing " .. doing
  end
  local marks = {}
  if state.engine.fallback then
    marks[#marks + 1] = "fallback model"
  end
  if is_offline then
    marks[#marks + 1] = "offline"
  end
  return "Assay" .. (#marks > 0 and (": " .. table.concat(marks, ", ")) or "")
end

return M
