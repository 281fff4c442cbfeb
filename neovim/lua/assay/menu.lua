--- Completion menus: Neovim's own, nvim-cmp's, blink.cmp's. Where an item of theirs is chosen, the place belongs to them.

local M = {}

---@return boolean
function M.is_chosen()
  if vim.fn.pumvisible() == 1 then
    return vim.fn.complete_info({ "selected" }).selected >= 0
  end
  local cmp = package.loaded["cmp"]
  if cmp and cmp.visible() then
    return cmp.get_selected_entry() ~= nil
  end
  local blink = package.loaded["blink.cmp"]
  return blink ~= nil and blink.is_menu_visible() and blink.get_selected_item() ~= nil
end

return M
