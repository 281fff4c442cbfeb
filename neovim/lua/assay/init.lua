--- Assay in Neovim: `require("assay").setup()` and the words that keys and status lines use.

local M = {}

---@class assay.Options
---@field cmd? string[] the server's command; `{ "assay", "lsp" }` where it is on the PATH
---@field settings? table the server's settings, nested or dotted: `{ verify = { policy = "strict" } }`; `:help assay-settings`
---@field keys? table<string, string|false> keys in insert mode by verb; false leaves one out
---@field show_verdict? boolean the verdict at the end of the line, beside the ghost text
---@field native? boolean Neovim 0.12's own ghost text where it exists

---@type assay.Options
local DEFAULTS = {
  settings = {},
  keys = {
    accept = "<Tab>",
    accept_word = "<C-Right>",
    accept_line = "<C-End>",
    dismiss = "<C-]>",
    next = "<M-]>",
    previous = "<M-[>",
  },
  show_verdict = true,
  native = true,
}

M.options = vim.deepcopy(DEFAULTS)

--- Configure and start it. Without a call, `vim.lsp.enable("assay")` does the same with the defaults and no keys.
---@param options? assay.Options
function M.setup(options)
  vim.validate("options", options, "table", true)
  M.options = vim.tbl_deep_extend("force", vim.deepcopy(DEFAULTS), options or {})
  vim.lsp.config("assay", {
    cmd = M.options.cmd,
    settings = { assay = M.options.settings },
    init_options = { assay = M.options.settings },
  })
  require("assay.keys").set(M.options.keys)
  vim.lsp.enable("assay")
end

--- Change settings of the running server, and of the next one.
---@param settings table nested or dotted
function M.configure(settings)
  M.options.settings = vim.tbl_deep_extend("force", M.options.settings, settings)
  vim.lsp.config("assay", { settings = { assay = M.options.settings }, init_options = { assay = M.options.settings } })
  for _, client in ipairs(vim.lsp.get_clients({ name = "assay" })) do
    client.settings = { assay = M.options.settings }
    client:notify("workspace/didChangeConfiguration", { settings = client.settings })
  end
end

--- What draws the ghost text here: Neovim's own (`assay.native`) or ours (`assay.ghost`); both have the same words.
---@return table
function M.ghost()
  local native = require("assay.native")
  return M.options.native and native.exists() and native or require("assay.ghost")
end

--- Take the suggestion; false where there is none, so that a key of your own can do something else. Works in an expression mapping,
--- which must not change the text: it is written right after the key.
---@return boolean
function M.accept()
  if not M.ghost().is_shown() then
    return false
  end
  vim.schedule(M.ghost().accept)
  return true
end

--- One or two words for a status line: how Assay is, and the verdict of the suggestion at the cursor. "" where it does not run.
---@return string
function M.status()
  return require("assay.parts").glance()
end

--- The running client of this buffer, or of any.
---@return vim.lsp.Client?
function M.client()
  return vim.lsp.get_clients({ name = "assay", bufnr = 0 })[1] or vim.lsp.get_clients({ name = "assay" })[1]
end

return M
