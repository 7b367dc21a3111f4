"""JMESPath and `${…}` placeholders."""
