"""One file a request, one for the commands, one for the life cycle. A request's handler gets a view of its document and the services, taken before
anything is awaited; documents themselves come in through `lsp_server.protocol`, and `lsp_server.offers` is the table of what there is."""
