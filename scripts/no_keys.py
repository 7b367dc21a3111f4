"""Find Groq keys in the files that git tracks. Exits with 1 and prints each position, but never the key.

Checks the files given as arguments, as a pre-commit hook gets them, or else all files that git tracks. A Groq key is
`gsk_` and 52 letters or digits. The made-up keys of the tests are not.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

KEY = re.compile(rb"gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])")
KEY_FILES = {".env", "catalyst-secrets.properties"}


def is_key_file(path: PurePath) -> bool:
    """Whether a file is meant for keys, whatever it contains at the moment."""
    in_secrets = path.parts[0] == "secrets" and path.name != "README.md" and path.suffix != ".example"
    return in_secrets or path.name in KEY_FILES


def find_problems(names: Iterable[str]) -> Iterator[str]:
    """Describe each problem in one line: the file, the line number and the remedy."""
    for name in names:
        path = Path(name)
        if is_key_file(path):
            yield f"{name}: a file for keys must not be in git. Remove it: git rm --cached {name}"
        elif path.is_file():
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                if KEY.search(line):
                    yield f"{name}:{number}: a Groq key. Revoke it at Groq, and put the new one into secrets/"


def list_tracked_files() -> list[str]:
    """List all files that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)  # noqa: S607 -- the user's git
    return listed.stdout.split("\0")[:-1]


if __name__ == "__main__":
    problems = list(find_problems(sys.argv[1:] or list_tracked_files()))
    sys.exit("\n".join(problems) if problems else 0)
