"""The server for agents: what Assay can say and do, as tools of the Model Context Protocol."""
