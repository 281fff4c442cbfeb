--- `:checkhealth assay`.

local M = {}

local function version(program)
  local done = vim.system(vim.list_extend(vim.deepcopy(program), { "--version" }), { text = true }):wait(10000)
  return done.code == 0 and vim.trim(done.stdout) or nil
end

--- What `assay doctor` finds, one line a part.
local function doctor(program)
  local done = vim.system(vim.list_extend(vim.deepcopy(program), { "doctor", "--json" }), { text = true, env = require("assay.commands").environment() }):wait(30000)
  local read, told = pcall(vim.json.decode, done.stdout or "")
  if not read or type(told) ~= "table" or type(told.parts) ~= "table" then
    return vim.health.error("`assay doctor` gave no answer", { vim.trim(done.stderr or "") })
  end
  for _, part in ipairs(told.parts) do
    local text = ("%s: %s"):format(part.part, part.detail)
    local advice = part.fix ~= "" and { part.fix } or nil
    if part.state == "missing" then
      vim.health.warn(text, advice)
    elseif part.state == "note" then
      vim.health.info(text .. (advice and (" " .. advice[1]) or ""))
    else
      vim.health.ok(text)
    end
  end
end

function M.check()
  vim.health.start("Assay in Neovim")
  if vim.fn.has("nvim-0.11") == 0 then
    return vim.health.error("Neovim 0.11 or newer is needed.")
  end
  local is_native = require("assay").ghost() == require("assay.native")
  vim.health.ok(is_native and "ghost text by Neovim itself" or "ghost text drawn by the plugin")
  local clients = vim.lsp.get_clients({ name = "assay" })
  if #clients > 0 then
    vim.health.ok(("the server runs, for %d buffer(s)"):format(#vim.tbl_keys(clients[1].attached_buffers)))
  elseif vim.lsp.is_enabled("assay") then
    vim.health.info("enabled; the server starts with the first Python file")
  else
    vim.health.warn("not enabled", { 'Put `require("assay").setup()` into your init.lua.' })
  end

  vim.health.start("The server")
  local program = require("assay.commands").program()
  if vim.fn.executable(program[1]) == 0 then
    return vim.health.error(program[1] .. " is not on the PATH.", {
      "Install Assay (`pip install .` in its folder), or name it:",
      'require("assay").setup({ cmd = { "/path/to/assay", "lsp" } })',
    })
  end
  local found = version(program)
  if found == nil then
    return vim.health.error(table.concat(program, " ") .. " does not answer to --version.")
  end
  vim.health.ok(found)
  doctor(program)
end

return M
