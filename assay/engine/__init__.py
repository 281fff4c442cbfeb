"""The model: one interface, and the implementations behind it. Nothing here knows an editor or a sandbox."""
