"""A project at one moment: everything that reads one reads a `World` (`world`), which `projects` gives; a `Change` (`change`) is one with new texts. `state` is what a scan found."""
