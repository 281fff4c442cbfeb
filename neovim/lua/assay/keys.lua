--- Keys in insert mode. Where there is no ghost text a key does what it did before, whoever had mapped it.

local M = {}

--- Do what a key does without us, before anything that was typed after it. A mapping that was there stands on a `<Plug>` key of ours,
--- whole: its script, its expression and what it maps to further are Neovim's matter.
---@param lhs string
---@param hidden string? that key
local function as_before(lhs, hidden)
  vim.api.nvim_feedkeys(vim.keycode(hidden or lhs), hidden and "mi" or "ni", false)
end

--- Put a global mapping aside on a key that nobody types; nil where there is none.
---@param verb string
---@param lhs string
---@return string?
local function put_aside(verb, lhs)
  for _, map in ipairs(vim.api.nvim_get_keymap("i")) do
    if vim.keycode(map.lhs) == vim.keycode(lhs) and map.desc ~= M.description(verb) then
      local hidden = ("<Plug>(assay-before-%s)"):format(verb)
      local whole = vim.fn.maparg(map.lhs, "i", false, true)
      if whole.buffer == 1 then
        return nil -- a buffer's own mapping hides it, and goes before ours anyway
      end
      whole.lhs, whole.lhsraw, whole.lhsrawalt = hidden, vim.keycode(hidden), nil
      vim.fn.mapset("i", false, whole)
      return hidden
    end
  end
  return nil
end

---@param verb string
function M.description(verb)
  return "Assay: " .. verb:gsub("_", " ") .. ", where there is a suggestion"
end

---@param keys table<string, string|false>
function M.set(keys)
  for verb, lhs in pairs(keys) do
    local is_ours = lhs and vim.fn.maparg(lhs, "i", false, true).desc == M.description(verb)
    if lhs and not is_ours then
      local hidden = put_aside(verb, lhs)
      vim.keymap.set("i", lhs, function()
        if not require("assay").ghost()[verb]() then
          as_before(lhs, hidden)
        end
      end, { desc = M.description(verb) })
    end
  end
end

return M
