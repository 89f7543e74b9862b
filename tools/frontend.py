"""`make frontend`: build the frontend."""

from tools import environment
from tools.console import main


def frontend() -> None:
    environment.ensure_packages(environment.RUN)
    environment.ensure_frontend()


if __name__ == "__main__":
    main(frontend)
