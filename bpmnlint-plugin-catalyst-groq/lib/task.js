'use strict';

const { attribute, extensions, is, parts } = require('./elements');
const { closestField } = require('./similarity');
const table = require('./table.json');

const EXTERNAL_TYPES = [ 'bpmn:ServiceTask', 'bpmn:SendTask', 'bpmn:BusinessRuleTask' ];
const PROPERTY = 'property';
const FIELD = 'field';
const INPUT = 'input';
const ESCAPED_EXPRESSION = '\\${';

/** Return the external task that an element of the diagram is; undefined for any other. */
function readExternalTask(element) {
  if (!is(element, 'bpmn:FlowNode')) {
    return;
  }

  const own = EXTERNAL_TYPES.some(type => is(element, type)) ? [ element ] : [];
  const part = [ ...own, ...messagesOf(element) ].find(
    owner => attribute(owner, 'type') === 'external' && attribute(owner, 'topic') !== undefined
  );

  return part && readTask(element, attribute(part, 'topic'));
}

/** Return the task of this worker that an element is, as far as the diagram shows it. */
function readOwnTask(element) {
  const task = readExternalTask(element);

  return task && (table.topics.includes(task.topic) || (task.isTopicComputed && task.hasFields)) ? task : undefined;
}

function readTask(element, topic) {
  const owners = [ element, ...messagesOf(element) ];
  const items = [
    ...owners.flatMap(owner => extensions(owner, 'inputOutput').flatMap(readInputs)),
    ...owners.flatMap(owner => extensions(owner, 'field').map(readField)),
    ...owners.flatMap(owner => extensions(owner, 'properties').flatMap(readProperties))
  ];
  const names = [ ...new Set(items.map(({ name }) => name)) ];

  return {
    element,
    topic,
    items,
    names,
    inputs: new Map(items.filter(({ kind }) => kind === INPUT).map(({ name, text }) => [ name, text ])),
    isTopicComputed: topic.includes('${') || topic.includes('#{'),
    hasFields: names.some(name => name.startsWith(table.fieldPrefix)) || isTemplated(element),
    ...readFields(items)
  };
}

/**
 * Look each field up: property, field, input parameter, default. A blank one counts as missing. A misspelt name is read as
 * it is meant: otherwise what follows from the default would be reported, too.
 */
function readFields(items) {
  const lookUpName = name => [ PROPERTY, FIELD, INPUT ]
    .map(kind => items.filter(item => item.kind === kind && item.name === name).map(({ text }) => text).pop())
    .find(text => text != null && text.trim());
  const misspelt = [ ...new Set(items.map(({ name }) => name)) ]
    .filter(name => looksLikeField(items, name) && !table.knownFields.includes(name)
      && !table.standardVariables.includes(name) && lookUpName(name))
    .map(name => [ closestField(name, table.knownFields), name ]);
  const lookUp = name => lookUpName(name)
    || misspelt.filter(([ meant ]) => meant === name).map(([ _, written ]) => lookUpName(written))[0];
  const operation = lookUp(table.operationField) || table.operations[0].name;
  const { defaults } = table.operations.find(({ name }) => name === operation) || table.operations[0];
  const written = Object.fromEntries(Object.keys(defaults).map(name => [ name, lookUp(name) ]));

  return { operation, defaults, fields: { ...defaults, ...withoutMissing(written) } };
}

/** Whether a name is meant as that of a field; an input parameter may be a variable of the process's own. */
function looksLikeField(items, name) {
  const isInput = items.some(item => item.kind === INPUT && item.name === name);
  const prefix = isInput ? table.fieldPrefix : table.fieldPrefix.slice(0, -1);

  return name.trim().toLowerCase().startsWith(prefix);
}

function withoutMissing(texts) {
  return Object.fromEntries(Object.entries(texts).filter(([ _, text ]) => text !== undefined));
}

function readInputs(inputOutput) {
  return parts(inputOutput, 'inputParameters', 'inputParameter').map(input => ({
    kind: INPUT, name: input.name || '', text: constantOf(input)
  }));
}

/** Return the text that the engine gives to the worker; null for an expression, a script, a list or a map. */
function constantOf(input) {
  const text = input.value || input.$body || '';
  const withoutEscapes = text.replaceAll(ESCAPED_EXPRESSION, '');

  if (input.definition || (input.$children || []).length || withoutEscapes.includes('${') || withoutEscapes.includes('#{')) {
    return null;
  }

  return text.replaceAll(ESCAPED_EXPRESSION, '${');
}

function readField(field) {
  const bodies = [ 'string', 'expression' ].flatMap(name => parts(field, '', name).map(part => part.$body));
  const text = [ field.string, ...bodies, field.stringValue, field.expression ].find(Boolean) || '';

  return { kind: FIELD, name: field.name || '', text };
}

function readProperties(properties) {
  return parts(properties, 'values', 'property').map(({ name = '', value = '' }) => ({
    kind: PROPERTY, name, text: String(value)
  }));
}

function messagesOf(element) {
  return (element.eventDefinitions || []).filter(definition => is(definition, 'bpmn:MessageEventDefinition'));
}

function isTemplated(element) {
  return (attribute(element, 'modelerTemplate') || '').startsWith(table.templatePrefix);
}

/** Return a field without white space around it; undefined where a placeholder makes it up. */
function constant(task, name) {
  const text = (task.fields[name] || '').trim();

  return text.includes('${') ? undefined : text;
}

/** Return the object in a field; undefined where it is no JSON: YAML and mistakes are left to catalyst-groq lint. */
function objectIn(task, name) {
  try {
    const value = JSON.parse(task.fields[name]);

    return value && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch (error) {
    return undefined;
  }
}

/** Return the entries of the object in a field as they are written: a JavaScript object would put numbers first. */
function entriesIn(task, name) {
  const object = objectIn(task, name);

  return object && keysIn(task.fields[name]).map(key => [ key, object[key] ]);
}

/** Return the names of the outermost object of a JSON text, each once. */
function keysIn(text) {
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[{}[\]:]/g) || [];
  const keys = new Set();
  let depth = 0;

  tokens.forEach((token, index) => {
    depth += '{['.includes(token) ? 1 : '}]'.includes(token) ? -1 : 0;

    if (depth === 1 && token[0] === '"' && tokens[index + 1] === ':') {
      keys.add(JSON.parse(token));
    }
  });

  return [ ...keys ];
}

/** Whether the request goes to Groq, so that what is known of Groq's models holds. */
function isGroq(task) {
  const url = constant(task, table.urlField);

  return url === undefined || table.groqUrls.includes(url.replace(/\/+$/, ''));
}

module.exports = { constant, entriesIn, isGroq, isTemplated, looksLikeField, messagesOf, objectIn, readExternalTask, readOwnTask };
