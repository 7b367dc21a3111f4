'use strict';

const { ofTask } = require('./check');
const { attribute, extensions, parts, scopesOf } = require('./elements');
const { constant, entriesIn } = require('./task');
const { shorten } = require('./messages');
const table = require('./table.json');

/** Return the entries of the response mapping: the names of the variables, without their types. */
function entriesOf(task) {
  const mapping = entriesIn(task, table.responseMappingField) || [];

  return mapping.map(([ key, expression ]) => ({ name: key.split(':')[0].replace(/!$/, ''), expression }));
}

/** Return the names of the variables that a task sets, beside the standard ones. */
function outputsOf(task) {
  const conversation = table.conversationField in task.fields && constant(task, table.conversationField);
  const names = entriesOf(task).map(({ name }) => name);

  return conversation ? [ ...names, conversation ] : names;
}

const isVariableName = name => /^[\p{L}\p{N}_]+$/u.test(name);

function checkNames(task, report) {
  const wrong = entriesOf(task).find(({ name }) => name && !isVariableName(name));

  if (wrong) {
    report(describeName(wrong));
  }
}

function describeName({ name, expression }) {
  const value = shorten(name, table.maxShownChars);

  if (/[$#{]\{|<%/.test(name)) {
    return { message: 'placeholder', value };
  }

  return typeof expression === 'string' && isVariableName(expression)
    ? { message: 'reversed', value, expression }
    : { message: 'name', value };
}

function loopsAround(element) {
  return scopesOf(element).map(({ loopCharacteristics }) => loopCharacteristics).filter(isMultiInstance);
}

function isMultiInstance(loop) {
  return loop && loop.$type === 'bpmn:MultiInstanceLoopCharacteristics';
}

function checkLost(task, report) {
  const names = outputsOf(task);
  const loops = loopsAround(task.element);
  const variables = loops.length
    ? new Set([ ...table.loopVariables, ...loops.map(loop => attribute(loop, 'elementVariable') || '') ])
    : new Set();

  [ ...new Set(names) ].filter(name => variables.has(name)).forEach(name => report({ message: 'loop', name }));

  if (isMultiInstance(task.element.loopCharacteristics)) {
    return;
  }

  for (const name of new Set(names.filter(name => task.inputs.has(name) && !isKept(task, name)))) {
    report({ message: 'input', name: shorten(name) });
  }
}

function isKept(task, name) {
  const kept = extensions(task.element, 'inputOutput')
    .flatMap(group => parts(group, 'outputParameters', 'outputParameter'))
    .map(output => textIn(output)).join(' ');
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'u').test(kept);
}

/** Return all texts in an output parameter, such as those of a list or a script. */
function textIn(element) {
  const { definition, value, $body, $children = [], items = [], entries = [] } = element;
  const inner = [ definition, ...$children, ...items, ...entries ].filter(Boolean).map(textIn);

  return [ typeof value === 'string' ? value : '', $body || '', ...inner ].join(' ');
}

module.exports = {
  checks: {
    'mapping-name': ofTask(checkNames),
    'lost-output': ofTask(checkLost)
  },
  isMultiInstance,
  outputsOf
};
