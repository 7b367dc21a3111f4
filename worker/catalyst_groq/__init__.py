"""Catalyst Groq worker: BPMN service tasks of Camunda 7, Operaton and CIB seven ask Groq."""

from importlib.metadata import version

__version__ = version("catalyst-groq-worker")
