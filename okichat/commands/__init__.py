"""The commands of `flask okichat`, by the room they serve."""
