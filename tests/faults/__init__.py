"""Everything breaks here, one thing at a time, and every visitor is answered."""
