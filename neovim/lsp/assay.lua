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
    ["window/showMessage"] = function(_, told) -- in one line: Neovim waits for Enter after a longer one
      require("assay.say")((told.message:gsub("^Assay: ", "")), told.type == 1 and vim.log.levels.ERROR or told.type == 2 and vim.log.levels.WARN or vim.log.levels.INFO)
    end,
    ["workspace/applyEdit"] = function(failure, asked, context) -- which loads files, and tells of each at length: see above
      local told = vim.o.shortmess
      asked.label, asked.edit.changeAnnotations = nil, nil -- what is written is said in one line, behind it
      for _, change in ipairs(asked.edit.documentChanges or {}) do
        for _, edit in ipairs(change.edits or {}) do
          edit.annotationId = nil
        end
      end
      vim.o.shortmess = told .. "F"
      local answer = vim.lsp.handlers["workspace/applyEdit"](failure, asked, context)
      vim.o.shortmess = told
      return answer
    end,
    ["assay/status"] = function(_, told)
      require("assay.parts").told(told)
    end,
  },
}
