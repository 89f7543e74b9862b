"""The systems Shelfmark is measured against: what a shop would build from the usual parts."""
