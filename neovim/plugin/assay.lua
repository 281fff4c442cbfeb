--- The command, the colours and the `<Plug>` keys. Nothing is loaded before it is used.

if vim.g.loaded_assay then
  return
end
vim.g.loaded_assay = true

for name, link in pairs({ AssayGhost = "NonText", AssayPassed = "DiagnosticOk", AssayUnverified = "NonText", AssayFailed = "DiagnosticError" }) do
  vim.api.nvim_set_hl(0, name, { link = link, default = true })
end

vim.api.nvim_create_user_command("Assay", function(given)
  require("assay.commands").run(given)
end, {
  nargs = "*",
  range = true,
  desc = "Assay: complete, why, verify, explain, doctor, set up, snooze, restart …",
  complete = function(...)
    return require("assay.commands").words(...)
  end,
})

for name, verb in pairs({ accept = "accept", ["accept-word"] = "accept_word", ["accept-line"] = "accept_line", dismiss = "dismiss", next = "next", previous = "previous" }) do
  vim.keymap.set("i", ("<Plug>(assay-%s)"):format(name), function()
    require("assay").ghost()[verb]()
  end, { desc = ("Assay: %s the suggestion"):format(name) })
end

for _, command in ipairs({ "assay.test", "assay.mutants", "assay.write" }) do -- of code actions and lenses
  vim.lsp.commands[command] = function(given)
    require("assay.tests").ask(given.command, given.arguments[1])
  end
end

vim.api.nvim_create_autocmd("LspProgress", {
  group = vim.api.nvim_create_augroup("assay.progress", {}),
  desc = "How far Assay is with what was asked of it",
  pattern = "report",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "assay" and package.loaded["assay.tests"] then
      require("assay.tests").progress(event.data.params.value)
    end
  end,
})

vim.api.nvim_create_autocmd("LspAttach", {
  group = vim.api.nvim_create_augroup("assay.attach", {}),
  desc = "Assay's ghost text where its server is attached",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "assay" then
      require("assay").ghost().attach(client, event.buf)
      require("assay.parts").attached(client)
      require("assay.cursor").attach(client, event.buf)
    end
  end,
})
