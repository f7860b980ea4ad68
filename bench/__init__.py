"""`make bench`: figures that mean something anywhere, because the floor is measured in the same run."""
