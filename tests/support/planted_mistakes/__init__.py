"""Mistakes that people made or may make in diagrams: what lint says, and what a task that runs says."""
