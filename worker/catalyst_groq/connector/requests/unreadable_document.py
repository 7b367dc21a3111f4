"""Why the text of a document cannot be read."""

OR_IMAGES = "or images of its pages if the diagram names a model that supports images"


class UnreadableDocumentError(ValueError):
    """A document cannot be read. `problem` continues a sentence about it ("is encrypted"), `fix` is one of its own."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}. {fix}")
        self.problem = problem
        self.fix = fix
