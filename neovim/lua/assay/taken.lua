--- What was taken, as long as it may still turn out to fail: then a quiet message says so, and `:Assay undo` takes it out again.

local M = {}

local space = vim.api.nvim_create_namespace("assay.taken")
local KEPT = 20

---@type { buffer: integer, mark: integer, text: string, fate: table }[]
local kept = {}

--- Remember the text that was written at a place.
function M.note(buffer, row, column, text, fate)
  local lines = vim.split(text, "\n")
  local end_column = (#lines == 1 and column or 0) + #lines[#lines]
  local mark = vim.api.nvim_buf_set_extmark(buffer, space, row, column, { end_row = row + #lines - 1, end_col = end_column })
  table.insert(kept, 1, { buffer = buffer, mark = mark, text = text, fate = fate })
  local old = table.remove(kept, KEPT + 1)
  if old and vim.api.nvim_buf_is_valid(old.buffer) then
    vim.api.nvim_buf_del_extmark(old.buffer, space, old.mark)
  end
end

--- The same for a text that the editor is about to write.
function M.note_soon(buffer, row, column, text, fate)
  vim.schedule(function()
    local lines = vim.split(text, "\n")
    local now = vim.api.nvim_buf_get_lines(buffer, row, row + #lines, false)
    if vim.startswith((now[1] or ""):sub(column + 1), lines[1]) then
      M.note(buffer, row, column, text, fate)
    end
  end)
end

--- A verdict came after the answer.
function M.judged(suggestion_id, verdict)
  for _, one in ipairs(kept) do
    if one.fate.suggestionId == suggestion_id and verdict.state == "failed" then
      one.has_failed = true
      require("assay.say")((":Assay undo takes out what fails. %s"):format(verdict.why or ""), vim.log.levels.WARN)
    end
  end
end

--- Take out the newest text that was found to fail; false where there is none, or it was changed since.
---@return boolean
function M.undo()
  for index, one in ipairs(kept) do
    if one.has_failed and vim.api.nvim_buf_is_valid(one.buffer) then
      table.remove(kept, index)
      local at = vim.api.nvim_buf_get_extmark_by_id(one.buffer, space, one.mark, { details = true })
      if #at == 0 then
        return false
      end
      local from_row, from_column, to = at[1], at[2], at[3]
      local now = vim.api.nvim_buf_get_text(one.buffer, from_row, from_column, to.end_row, to.end_col, {})
      if table.concat(now, "\n") ~= one.text then
        return false
      end
      vim.api.nvim_buf_set_text(one.buffer, from_row, from_column, to.end_row, to.end_col, { "" })
      return true
    end
  end
  return false
end

return M
