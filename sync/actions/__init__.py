"""What becomes of the changes that people made on tablets, one function for each kind."""

from sync.actions.settling import settle

__all__ = ["settle"]
