"""A Groq emulator that needs no key and no network."""

from catalyst_groq.sandbox.emulator.call_log import Call
from catalyst_groq.sandbox.emulator.command import serve
from catalyst_groq.sandbox.emulator.config import EmulatorConfig, make_config
from catalyst_groq.sandbox.emulator.server import Emulator, running_emulator

__all__ = ["Call", "Emulator", "EmulatorConfig", "make_config", "running_emulator", "serve"]
