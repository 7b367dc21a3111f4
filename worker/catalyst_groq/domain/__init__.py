"""The model that all adapters share: the external task, its variables, the process definition, the outcome."""
