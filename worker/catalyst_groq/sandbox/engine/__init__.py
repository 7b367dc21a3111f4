"""A real Camunda 7 engine that needs only Python."""

from catalyst_groq.sandbox.engine.flavours import PASSWORD, USER, Flavour
from catalyst_groq.sandbox.engine.jars import install
from catalyst_groq.sandbox.engine.process import EngineProcess
from catalyst_groq.sandbox.engine.serve import serve

__all__ = ["PASSWORD", "USER", "EngineProcess", "Flavour", "install", "serve"]
