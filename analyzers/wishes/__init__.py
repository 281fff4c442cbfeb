"""What a function is to be, from how people say it: a signature with a docstring (`heads`), calls of a name that is not there (`missing`), a comment or a sentence (`sentences`), tests that call it (`tested`).

What nobody said is assumed and told as such (`wish.Wish.assumed`); nothing here runs or asks anybody.
"""
