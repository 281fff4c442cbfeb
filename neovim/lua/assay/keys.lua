--- Keys in insert mode. Where there is no ghost text a key does what it did before, whoever had mapped it.

local M = {}

--- Do what a key does without us, before anything that was typed after it.
---@param lhs string
---@param before table the mapping that was there, as `maparg` gives it
local function as_before(lhs, before)
  local keys, is_final = vim.keycode(lhs), true
  if before.callback or before.rhs then
    is_final = before.noremap == 1
    if before.callback then
      keys = before.callback()
      keys = before.expr == 1 and type(keys) == "string" and (before.replace_keycodes == 1 and vim.keycode(keys) or keys) or ""
    else
      keys = vim.keycode(before.expr == 1 and vim.api.nvim_eval(before.rhs) or before.rhs)
    end
  end
  vim.api.nvim_feedkeys(keys, is_final and "ni" or "mi", false)
end

---@param keys table<string, string|false>
function M.set(keys)
  for verb, lhs in pairs(keys) do
    local before = lhs and vim.fn.maparg(lhs, "i", false, true) or {}
    if lhs and before.desc ~= M.description(verb) then
      vim.keymap.set("i", lhs, function()
        if not require("assay").ghost()[verb]() then
          as_before(lhs, before)
        end
      end, { desc = M.description(verb) })
    end
  end
end

---@param verb string
function M.description(verb)
  return "Assay: " .. verb:gsub("_", " ") .. ", where there is a suggestion"
end

return M
