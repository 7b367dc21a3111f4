'use strict';

const { ofTask } = require('./check');
const { attribute, elementsOf, extensions, is, kindOf, parts, scopesOf } = require('./elements');
const { isMultiInstance, outputsOf } = require('./mappingChecks');
const { shorten } = require('./messages');
const { closest } = require('./similarity');
const { isTemplated, readExternalTask, readOwnTask } = require('./task');
const table = require('./table.json');

/** Find fields and templates of this worker on elements that are no external tasks. */
function checkElement(node, report) {
  const owner = is(node, 'bpmn:MessageEventDefinition') ? node.$parent : node;

  if (!is(node, 'bpmn:BaseElement') || readExternalTask(owner) || !(hasFields(node) || isTemplated(node))) {
    return;
  }

  report({ kind: kindOf(owner) }, owner);
}

function hasFields(node) {
  return [ ...propertiesOf(node), ...extensions(node, 'field') ].some(({ name }) => (name || '').startsWith(table.fieldPrefix));
}

function propertiesOf(node) {
  return extensions(node, 'properties').flatMap(group => parts(group, 'values', 'property'));
}

function ofForeignTopic(isMisspelt) {
  return (node, report) => {
    const task = readExternalTask(node);

    if (!task || table.topics.includes(task.topic) || task.isTopicComputed || !task.hasFields) {
      return;
    }

    const near = closest(task.topic, table.topics);

    if (Boolean(near) === isMisspelt) {
      report({ topic: shorten(task.topic), topics: table.topics.join(', '), near });
    }
  };
}

/** Find properties without a name, which the engine cannot send to any worker. */
function checkPropertyNames(node, report) {
  const items = readExternalTask(node) ? propertiesOf(node) : [];

  if (items.some(({ name }) => name === undefined)) {
    report({});
  }
}

function checkTemplate({ element }, report) {
  const newest = table.templateVersions[attribute(element, 'modelerTemplate')];
  const version = attribute(element, 'modelerTemplateVersion') || '';

  if (newest && /^\d+$/.test(version) && Number(version) < newest) {
    report({ version, newest });
  }
}

function checkRetryCycle({ element }, report) {
  if (extensions(element, 'failedJobRetryTimeCycle').length) {
    report({});
  }
}

/** Find executable processes with a task of this worker, but without a time to live. */
function checkTimeToLive(node, report) {
  if (!is(node, 'bpmn:Process') || !isExecutable(node) || (attribute(node, 'historyTimeToLive') || '').trim()) {
    return;
  }

  if (elementsOf(node).some(readOwnTask)) {
    report({});
  }
}

/** Where the attribute is missing, the engine executes the process. */
function isExecutable(process) {
  return process.isExecutable || !Object.hasOwn(process, 'isExecutable');
}

function loopsAround(element) {
  return scopesOf(element).filter(({ loopCharacteristics }) => isMultiInstance(loopCharacteristics));
}

function collects({ fields }) {
  return Boolean(fields[table.collectField].trim());
}

function checkOutputParameters({ element }, report) {
  if (isMultiInstance(element.loopCharacteristics) && outputParameters(element).length) {
    report({});
  }
}

function outputParameters(element) {
  return extensions(element, 'inputOutput').flatMap(group => parts(group, 'outputParameters', 'outputParameter'));
}

function checkAsync(task, report) {
  const loops = loopsAround(task.element);
  const isOwn = isMultiInstance(task.element.loopCharacteristics);
  const asynchronous = [ ...loops.map(({ loopCharacteristics }) => loopCharacteristics), ...(isOwn ? [] : [ task.element ]) ];

  if (loops.some(isParallel) && !collects(task) && !asynchronous.some(part => attribute(part, 'asyncAfter') === 'true')) {
    report({});
  }
}

function isParallel({ loopCharacteristics }) {
  return !loopCharacteristics.isSequential;
}

function checkSharedOutputs(task, report) {
  const isOwn = isMultiInstance(task.element.loopCharacteristics);
  const loop = isOwn ? task.element : loopsAround(task.element).find(isParallel);
  const names = loop && !collects(task) ? sharedOutputs(task, loop) : [];

  if (names.length) {
    report({ names: names.map(name => shorten(name)).join(', ') });
  }
}

/** Return the outputs that no scope within the loop makes local to an item. */
function sharedOutputs(task, loop) {
  const { element } = task;
  const hasEndListener = extensions(element, 'executionListener').some(({ event }) => event === 'end');

  if (loop === element && hasEndListener) {
    return [];
  }

  const scopes = scopesOf(element);
  const local = scopes.slice(0, scopes.indexOf(loop) + 1)
    .flatMap(scope => extensions(scope, 'inputOutput'))
    .flatMap(group => parts(group, 'inputParameters', 'inputParameter'))
    .map(({ name }) => name);

  return [ ...new Set(outputsOf(task)) ].filter(name => !local.includes(name));
}

module.exports = {
  'template-on-wrong-element': checkElement,
  'nameless-property': checkPropertyNames,
  'misspelt-topic': ofForeignTopic(true),
  'other-topic': ofForeignTopic(false),
  'old-template': ofTask(checkTemplate),
  'missing-time-to-live': checkTimeToLive,
  'engine-retry-cycle': ofTask(checkRetryCycle),
  'multi-instance-output-parameter': ofTask(checkOutputParameters),
  'multi-instance-one-variable': ofTask(checkSharedOutputs),
  'parallel-without-async': ofTask(checkAsync)
};
