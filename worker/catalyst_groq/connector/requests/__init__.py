"""What a task asks for: chat and transcription requests, with files and conversation turns."""
