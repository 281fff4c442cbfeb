--- Say something in one line. A longer message would make Neovim wait for Enter, and nothing here is worth that.

local AFTER_MS = 100 -- what Neovim says of the same event by itself comes first, and has been seen

---@param text string
---@param level? integer vim.log.levels
local function say(text, level)
  local line = ("Assay: %s"):format(text):gsub("%s*\n%s*", " ")
  local room = math.max(20, vim.v.echospace)
  if vim.fn.strdisplaywidth(line) > room then
    line = vim.fn.strcharpart(line, 0, room - 1) .. "…"
  end
  vim.cmd.redraw() -- two messages in one go would make it wait as well
  vim.notify(line, level or vim.log.levels.INFO)
end

return function(text, level)
  vim.defer_fn(function()
    say(text, level)
  end, AFTER_MS)
end
