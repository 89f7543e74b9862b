"""What tablets push and pull, over HTTP."""
