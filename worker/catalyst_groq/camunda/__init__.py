"""Everything that speaks Camunda: engine client, poller, locks, typed variables, BPMN definitions."""
