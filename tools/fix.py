"""`make fix`: put right what lint and format can put right by themselves."""

import subprocess

from tools import environment
from tools.check import BIN, templates
from tools.console import call, main


def fix() -> None:
    environment.ensure_packages(environment.TEST)
    node = environment.ensure_node()
    environment.ensure_node_modules(node)
    # What remains is for `make check` to report, so a failure here does not stop the rest.
    subprocess.run([BIN / "ruff", "check", "--fix", "--quiet", "."], check=False)
    call([BIN / "ruff", "format", "--quiet", "."])
    if found := templates():
        # Both end with 1 when they changed something.
        subprocess.run([BIN / "djade", "--target-version", "5.2", *found], check=False)
        subprocess.run([BIN / "djhtml", "--tabwidth", "2", *found], check=False)
    subprocess.run(["npm", "--prefix", "frontend", "run", "--silent", "fix"], env=node, check=False)


if __name__ == "__main__":
    main(fix)
