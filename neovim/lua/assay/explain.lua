--- The cause of a traceback or of failed tests, as the server tells it: in a window, its place in the quickfix list.

local M = {}

---@param answer { cause: string, uri?: string, line?: integer, fix?: { title: string, verdict: { why: string } } }
function M.show(answer)
  local told = { answer.cause }
  if type(answer.uri) == "string" then
    local file = vim.uri_to_fname(answer.uri)
    told[#told + 1] = ("%s:%d"):format(vim.fn.fnamemodify(file, ":."), answer.line)
    vim.fn.setqflist({}, " ", { title = "Assay explain", items = { { filename = file, lnum = answer.line, text = answer.cause } } })
  end
  if type(answer.fix) == "table" then
    told[#told + 1] = ("%s: %s"):format(answer.fix.title, answer.fix.verdict.why)
  end
  require("assay.verdict").float(told)
end

return M
