"""Is there a key in what git has? Ends with 1 and names each place, without the key.

Looks at the files that are named, as a pre-commit hook is told them, or else at all that git tracks. A key of Groq's is
`gsk_` and 52 letters or digits; the made-up keys of the tests are not.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath

KEY = re.compile(rb"gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])")
FILES_OF_KEYS = {".env", "catalyst-secrets.properties"}


def is_file_of_keys(path: PurePath) -> bool:
    """Whether a file is one that holds keys, whatever it holds at the moment."""
    in_secrets = path.parts[0] == "secrets" and path.name != "README.md" and path.suffix != ".example"
    return in_secrets or path.name in FILES_OF_KEYS


def findings(names: Iterable[str]) -> Iterator[str]:
    """Say where keys are: one line for each place."""
    for name in names:
        path = Path(name)
        if is_file_of_keys(path):
            yield f"{name}: a file for keys; git must not have it. Take it out again: git rm --cached {name}"
        elif path.is_file():
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                if KEY.search(line):
                    yield f"{name}:{number}: a Groq key. Revoke it at Groq, and put the new one into secrets/"


def tracked() -> list[str]:
    """Name all files that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True)  # noqa: S607 -- the user's git
    return listed.stdout.split("\0")[:-1]


if __name__ == "__main__":
    found = list(findings(sys.argv[1:] or tracked()))
    sys.exit("\n".join(found) if found else 0)
