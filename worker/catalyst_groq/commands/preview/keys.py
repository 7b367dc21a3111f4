"""Keys for a preview: nothing is sent, so that a sample stands for a key that is not found here."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalyst_groq.commands.lint.context import SAMPLE_KEY
from catalyst_groq.connector.access.providers import SecretProvider
from catalyst_groq.errors import FieldError


@dataclass(frozen=True, slots=True)
class PreviewProvider:
    """A `SecretProvider` that has every secret. `missing`: gets why a secret is not found."""

    provider: SecretProvider
    missing: list[str]

    async def get(self, name: str) -> str:
        """Return the secret, or a sample."""
        try:
            found = await self.provider.get(name)
            if found is not None:
                return found
            self.missing.append(f"The secret '{name}' is not found here")
        except FieldError as error:
            self.missing.append(str(error))
        return SAMPLE_KEY


def allow_missing(providers: Mapping[str, SecretProvider], missing: list[str]) -> dict[str, SecretProvider]:
    """Return the secret sources by their names, each with a sample for what it does not have."""
    return {name: PreviewProvider(provider, missing) for name, provider in providers.items()}
