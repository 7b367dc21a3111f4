"""A real Camunda 7 engine on a laptop that has nothing but Python."""

from worker.sandbox.engine.flavours import PASSWORD, USER, Flavour
from worker.sandbox.engine.jars import install
from worker.sandbox.engine.process import EngineProcess
from worker.sandbox.engine.serve import serve

__all__ = ["PASSWORD", "USER", "EngineProcess", "Flavour", "install", "serve"]
