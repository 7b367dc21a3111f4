"""The worker's handling of tasks for programs that fetch their tasks with another client."""
