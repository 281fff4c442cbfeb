--- `:Assay …`: each word does one thing, and says so where it cannot.

local M = {}

local say = require("assay.say")

---@return vim.lsp.Client?
local function running()
  local client = require("assay").client()
  if client == nil then
    say("the server does not run here; see :checkhealth assay.", vim.log.levels.WARN)
  end
  return client
end

--- Ask the server; its refusal is said.
---@param command string
---@param arguments table
---@param take fun(answer: any)
local function ask(command, arguments, take)
  local client = running()
  if client then
    client:request("workspace/executeCommand", { command = command, arguments = arguments }, function(failure, answer)
      if failure then
        return say(failure.message, vim.log.levels.ERROR)
      end
      take(answer)
    end, vim.api.nvim_get_current_buf())
  end
end

--- The command line's program: the server's command without its last word.
---@return string[]
function M.program()
  local command = (vim.lsp.config.assay or {}).cmd or { "assay", "lsp" }
  return vim.list_slice(command, 1, #command - 1)
end

--- The settings of `setup()` as environment variables, for `assay` on the command line.
---@return table<string, string>
function M.environment()
  local found = {}
  local function walk(prefix, settings)
    for name, value in pairs(settings) do
      if type(value) == "table" then
        walk(prefix .. name .. ".", value)
      else
        found["ASSAY_" .. (prefix .. name):upper():gsub("%.", "_")] = tostring(value)
      end
    end
  end
  walk("", require("assay").options.settings)
  return found
end

--- Run `assay …` in a terminal below, where it can be read and answered.
---@param words string[]
---@param mends boolean whether the server is to be started anew afterwards
local function in_terminal(words, mends)
  local command = vim.list_extend(M.program(), words)
  if vim.fn.executable(command[1]) == 0 then
    return say(("%s is not on the PATH; see :checkhealth assay."):format(command[1]), vim.log.levels.ERROR)
  end
  vim.cmd("botright 12new")
  vim.fn.jobstart(command, {
    term = true,
    env = M.environment(),
    on_exit = function()
      if mends then
        M.run({ fargs = { "restart" } })
      end
    end,
  })
end

---@param thumb "up"|"down"
---@param word string?
local function rate(thumb, word)
  ask("assay.feedback", { { thumb = thumb, word = word or "" } }, function(answer)
    say(answer.told and "told to the team's record." or answer.why, answer.told and vim.log.levels.INFO or vim.log.levels.WARN)
  end)
end

local WORDS = {
  complete = {
    "ask for a suggestion here",
    function()
      if not vim.startswith(vim.api.nvim_get_mode().mode, "i") then
        vim.cmd.startinsert({ bang = vim.fn.charcol(".") >= vim.fn.strchars(vim.api.nvim_get_current_line()) })
      end
      vim.schedule(function()
        require("assay").ghost().complete()
      end)
    end,
  },
  good = {
    "say that the last suggestion was good, with a word if you like: told to the team's record",
    function(word)
      rate("up", word)
    end,
  },
  bad = {
    "say that it was not",
    function(word)
      rate("down", word)
    end,
  },
  why = {
    "why this suggestion, or why none",
    function(trace)
      require("assay.verdict").why(trace)
    end,
  },
  verify = {
    "check this file and run the tests that reach it",
    function()
      say("verifying …")
      ask("assay.verify", { vim.uri_from_bufnr(0) }, function(answer)
        if type(answer) ~= "table" then
          return say("this buffer is not open at the server.", vim.log.levels.WARN)
        end
        require("assay.verdict").float(require("assay.verdict").lines(answer.verdict))
      end)
    end,
  },
  explain = {
    "the cause of a traceback or of failed tests: of the range, or of what was copied",
    function(_, given)
      local lines = given.range > 0 and vim.api.nvim_buf_get_lines(0, given.line1 - 1, given.line2, false) or vim.split(vim.fn.getreg('"'), "\n")
      say("looking for the cause …")
      ask("assay.explain", { table.concat(lines, "\n") }, require("assay.explain").show)
    end,
  },
  ask = {
    "ask about this code, or have something done: who calls it, rename X to Y, extract the range into NAME, is it safe to change",
    function(text, given)
      require("assay.asking").ask(text, given)
    end,
  },
  apply = {
    "write the change that the last answer of `ask` proposed",
    function()
      require("assay.asking").apply()
    end,
  },
  forget = {
    "forget what was asked about this project",
    function()
      ask("assay.forget", { { uri = vim.uri_from_bufnr(0) } }, function(answer)
        say(("%d turns are forgotten."):format(answer.forgotten))
      end)
    end,
  },
  write = {
    "write the function that is asked for at the cursor (a head, a comment, a call), one by its name, or one from a sentence",
    function(what)
      require("assay.tests").ask("assay.write", what)
    end,
  },
  revert = {
    "take back what was written last into this project; later edits stay where they do not touch",
    function()
      ask("assay.undo", { { uri = vim.uri_from_bufnr(0) } }, function(answer)
        if type(answer) ~= "table" then
          return say("this buffer is not open at the server.", vim.log.levels.WARN)
        end
        say(answer.glance)
      end)
    end,
  },
  test = {
    "write tests of the function at the cursor, of one that is named, or of the file (%)",
    function(what)
      require("assay.tests").ask("assay.test", what)
    end,
  },
  mutants = {
    "show what no test of it notices: of the function at the cursor, of one that is named, or of the file (%)",
    function(what)
      require("assay.tests").ask("assay.mutants", what)
    end,
  },
  stop = {
    "end what `ask`, `write`, `test` or `mutants` is at",
    function()
      if not require("assay.asking").stop() then
        require("assay.tests").stop()
      end
    end,
  },
  describe = {
    "what the model says of the function at the cursor, and its facts",
    function()
      local client = running()
      if client then
        say("asking the model …")
        local at = vim.lsp.util.make_position_params(0, client.offset_encoding)
        ask("assay.summarize", { { uri = at.textDocument.uri, position = at.position } }, function(answer)
          if type(answer) ~= "table" then
            return say("there is no function or class of this project at the cursor.", vim.log.levels.WARN)
          end
          local lines = { answer.name .. ": " .. answer.summary }
          if answer.why ~= "" then
            lines[#lines + 1] = answer.why
          end
          require("assay.verdict").float(vim.list_extend(lines, answer.facts))
        end)
      end
    end,
  },
  status = {
    "how the model and the sandbox are",
    function()
      ask("assay.status", {}, function(answer)
        require("assay.parts").learned(answer)
        local lines = {}
        for _, part in ipairs({ "engine", "sandbox" }) do
          local one = answer[part]
          local what = one.model or one.image or ""
          lines[#lines + 1] = ("%-8s %-9s %s"):format(part, one.state, one.why ~= "" and one.why or what)
        end
        vim.list_extend(lines, answer.settings or {})
        require("assay.verdict").float(lines)
      end)
    end,
  },
  doctor = {
    "what is here, what is missing, and what mends it",
    function()
      in_terminal({ "doctor" }, false)
    end,
  },
  setup = {
    "fetch the model, find a container engine, build the image",
    function()
      in_terminal({ "setup" }, true)
    end,
  },
  snooze = {
    "suggest nothing for some minutes (15)",
    function(minutes)
      local count = tonumber(minutes or 15)
      if count == nil or count <= 0 then
        return say("snooze takes a number of minutes.", vim.log.levels.ERROR)
      end
      require("assay.snooze").start(count)
      say("snoozed until " .. require("assay.snooze").ends())
    end,
  },
  wake = {
    "end the snooze",
    function()
      require("assay.snooze").stop()
    end,
  },
  undo = {
    "take out the suggestion that was found to fail",
    function()
      if not require("assay.taken").undo() then
        say("nothing to take out: no suggestion failed, or the text has been changed since.")
      end
    end,
  },
  restart = {
    "start the server anew",
    function()
      require("assay.restart").now()
    end,
  },
  log = {
    "the log of Neovim's language clients",
    function()
      vim.cmd.edit(vim.lsp.log.get_filename())
    end,
  },
}

---@param given { fargs: string[], range: integer, line1: integer, line2: integer }
function M.run(given)
  local word, argument = given.fargs[1], #given.fargs > 1 and table.concat(given.fargs, " ", 2) or nil
  if word == nil then
    local lines = {}
    for _, name in ipairs(M.names()) do
      lines[#lines + 1] = (":Assay %-9s %s"):format(name, WORDS[name][1])
    end
    return require("assay.verdict").float(lines)
  end
  if WORDS[word] == nil then
    return say(("there is no `%s`; :Assay lists what there is."):format(word), vim.log.levels.ERROR)
  end
  WORDS[word][2](argument, given)
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(WORDS)
  table.sort(names)
  return names
end

--- Completion of the command line.
function M.words(begun, line)
  if #vim.split(vim.trim(line), "%s+") > 2 or (#vim.split(vim.trim(line), "%s+") == 2 and begun == "") then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, begun)
  end, M.names())
end

return M
