"""One engine for several people: behind a file of keys (`assay engine --listen`), or as a team's server with accounts, a record and pages (`assay serve`)."""
