"""Diagrams of tests in another engine's own namespace."""

from catalyst_groq.sandbox.process_client import ProcessClient
from support.bpmn_shapes import NAMESPACES


class NamespaceClient(ProcessClient):
    """Writes the extensions of each diagram that it deploys in another namespace than Camunda's.

    A diagram that is given as bytes stays as it is: its test has chosen the namespace and the encoding.
    """

    def __init__(self, rest_url: str, prefix: str) -> None:
        super().__init__(rest_url)
        self._namespace = NAMESPACES[prefix]

    def deploy_texts(self, texts):
        return super().deploy_texts(
            {
                name: text.replace(NAMESPACES["camunda"], self._namespace) if isinstance(text, str) else text
                for name, text in texts.items()
            }
        )
