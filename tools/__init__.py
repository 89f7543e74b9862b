"""What stands behind the commands of the Makefile."""
