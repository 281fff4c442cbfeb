"""Pages for people: what the server does now, what became of suggestions, who may what. Made here; no script but one bundled library, nothing from elsewhere."""
