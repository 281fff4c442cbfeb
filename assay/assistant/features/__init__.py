"""What the assistant does, one file a feature; each takes the Workbench first."""
