'use strict';

const { extensions, is, scopesOf } = require('./elements');

/** Return the boundary events of an activity that catch BPMN errors, each with its code; null: all. */
function codesAt(activity) {
  const siblings = (activity.$parent && activity.$parent.flowElements) || [];
  const boundaries = siblings.filter(element => is(element, 'bpmn:BoundaryEvent') && element.attachedToRef === activity);

  return boundaries.flatMap(event => codesOf(event).map(code => ({ event, code })));
}

/** Whether an event on or around an activity catches a BPMN error of this code. */
function catches(activity, code) {
  const scope = activity.$parent;

  if (!scope || !scope.flowElements) {
    return false;
  }

  const handlers = scope.flowElements.filter(
    element => element !== activity && is(element, 'bpmn:SubProcess') && element.triggeredByEvent
  );
  const starts = handlers.flatMap(({ flowElements = [] }) => flowElements.filter(element => is(element, 'bpmn:StartEvent')));
  const caught = [ ...codesAt(activity).map(({ code }) => code), ...starts.flatMap(codesOf) ];

  return caught.includes(code) || caught.includes(null) || catches(scope, code);
}

function codesOf(event) {
  return (event.eventDefinitions || [])
    .filter(definition => is(definition, 'bpmn:ErrorEventDefinition'))
    .map(definition => codeOf(definition));
}

/** Return the code; a reference to an error that the diagram has not is the code itself. */
function codeOf({ errorRef, $attrs }) {
  if (!errorRef) {
    return ($attrs && $attrs.errorRef) || null;
  }

  return errorRef.errorCode || null;
}

/** Return the codes of the errors that the engine throws itself when a worker reports, under a condition. */
function codesOfEngine(task) {
  const { rootElements = [] } = scopesOf(task).pop();

  return extensions(task, 'errorEventDefinition').map(({ errorRef }) => {
    const error = typeof errorRef === 'string' ? rootElements.find(({ id }) => id === errorRef) : errorRef;

    return error ? error.errorCode : errorRef;
  });
}

module.exports = { catches, codesAt, codesOfEngine };
