"""What all sides share: the external task, its variables, the process definition, the outcome."""
