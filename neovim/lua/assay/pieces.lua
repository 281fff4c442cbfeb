--- Which part of a suggestion a key takes.

local M = {}

--- Up to the end of the next word, or of the next signs.
---@param left string
---@return string
function M.word(left)
  return left:match("^%s*[%w_]+") or left:match("^%s*[^%w_%s]+") or left
end

--- The rest of the line, or the next whole one.
---@param left string
---@return string
function M.line(left)
  return left:match("^\n?[^\n]*") or left
end

return M
