"""A faithful Groq stand-in that needs no key and no network."""

from worker.sandbox.emulator.calls import Call
from worker.sandbox.emulator.command import serve
from worker.sandbox.emulator.config import EmulatorConfig, configured
from worker.sandbox.emulator.server import Emulator, running_emulator

__all__ = ["Call", "Emulator", "EmulatorConfig", "configured", "running_emulator", "serve"]
