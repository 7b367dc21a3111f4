"""`catalyst-groq templates`, `examples` and `modeler-plugin`: copy the files that the package contains to a folder."""

from pathlib import Path

from catalyst_groq.errors import CatalystError


class CopyError(CatalystError):
    """The files cannot be copied; the message names the file and the remedy."""


def copy_files(source: Path, target: Path, *, overwrite: bool = False, recursive: bool = False) -> list[Path]:
    """Copy all files of a folder to another one, which is created if it is missing; return the copies.

    `recursive`: also the files of the folders in it. Raises `CopyError`, before anything is written, if a file there
    has other contents and `overwrite` is not set.
    """
    files = [file for file in sorted(source.rglob("*") if recursive else source.iterdir()) if file.is_file()]
    contents = {target / file.relative_to(source): file.read_bytes() for file in files}
    try:
        changed = [path for path, content in contents.items() if path.exists() and path.read_bytes() != content]
        if changed and not overwrite:
            names = ", ".join(path.relative_to(target).as_posix() for path in changed)
            raise CopyError(f"{target} has other contents in {names}. Choose another folder, or add --overwrite.")
        target.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise CopyError(f"{target} cannot be written: {error.strerror}. Choose another folder.") from error
    return list(contents)
