"""What the firm knows: topics read from Markdown files, and the search that finds the one a visitor asks about."""
