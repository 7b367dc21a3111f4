"""Builds chat and transcription requests, with files and earlier turns of a conversation."""
