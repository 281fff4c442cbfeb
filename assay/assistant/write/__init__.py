"""A function from what somebody says: candidates from several sources, all run, the one with evidence offered as an edit."""
