--- How Neovim starts the server: `vim.lsp.enable("assay")` reads this, and `require("assay").setup()` adds what you set.

---@type vim.lsp.Config
return {
  cmd = { "assay", "lsp" },
  filetypes = { "python" },
  root_markers = { "pyproject.toml", "setup.py", "setup.cfg", ".git" },
  capabilities = {
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { assay = { status = true, tests = true } },
  },
  on_exit = function(code, signal)
    vim.schedule(function()
      require("assay.restart").ended(code, signal)
    end)
  end,
  handlers = {
    ["assay/verdict"] = function(_, told)
      require("assay.verdict").judged(told)
    end,
    ["assay/status"] = function(_, told)
      require("assay.parts").told(told)
    end,
  },
}
