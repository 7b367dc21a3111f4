"""Scripts: YAML files with rules."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from catalyst_groq.errors import SandboxError
from catalyst_groq.sandbox.emulator.config import format_validation_error
from catalyst_groq.sandbox.emulator.rules import Rule


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answers: tuple[Rule, ...]


def load_script(path: Path) -> tuple[Rule, ...]:
    """Read a script.

    Raises:
        SandboxError: the file cannot be read, is not YAML, or has an invalid entry. The message names the location.

    """
    try:
        return _Script.model_validate(yaml.safe_load(path.read_text("utf-8"))).answers
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"The script of answers {path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise SandboxError(f"The script of answers {path} is not YAML: {error}") from None
    except ValidationError as error:
        raise SandboxError(f"The script of answers {path}: {format_validation_error(error)}") from None
