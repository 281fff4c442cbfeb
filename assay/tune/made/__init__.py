"""What comes out of a run: the adapter in the forms that engines read, merged weights, and the proof that these say what torch says."""
