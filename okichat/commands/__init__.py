"""The commands of `python -m okichat`, by the room they serve."""
