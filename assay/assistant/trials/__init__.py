"""Many forms of some code against tests, best first, in few containers (`variants`); two versions of a function on the same inputs (`differences`)."""
